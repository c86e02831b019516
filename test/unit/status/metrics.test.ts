import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Counters } from "../../../src/metrics/counters.ts";
import { METRICS, PREFIX } from "../../../src/status/metrics.ts";
import { metricsPage } from "../../../src/status/metrics-table.ts";
import type { Observed } from "../../../src/status/observed.ts";
import { MetricsText } from "../../../src/status/registry.ts";
import { observed, RUNNING } from "../../support/observed.ts";
import { Scraped } from "../../support/scraped.ts";

const s = suite("telemetry: metrics");

/** Prometheus' base units, and what we count where no unit is one. */
const UNITS = /_(seconds|bytes|records|rows|messages|entries|offsets)(_limit)?$/;
const UNITLESS = /^(info|live|ready|task_state|position|log_end|throttled|consumer_joined)$/;

s("should be named as Prometheus asks, each once, and explained", () => {
  const names = METRICS.map(({ name }) => name);
  assert.is(new Set(names).size, names.length);
  for (const { name, type, help } of METRICS) {
    assert.match(name, /^[a-z]+(_[a-z]+)*$/);
    assert.is(name.endsWith("_total"), type === "counter", `${name}: _total is a counter's`);
    if (type !== "counter") assert.ok(UNITS.test(name) || UNITLESS.test(name), `${name}: unit`);
    assert.ok(help.length > 10, name);
    assert.not.match(help, /\||\n/, "stands in a table");
  }
});

s("docs/reference/metrics.md should be fresh: `npm run docs` writes it", () => {
  assert.is(readFileSync("docs/reference/metrics.md", "utf8"), metricsPage());
});

s("should all have samples with the labels that they name", async () => {
  const counters = new Counters();
  counters.sync("life");
  counters.recordDeadLetter("MISSING_KEY");
  const restore = { done: 1, total: 2 };
  const partition = { ...RUNNING, restore, end: 10, lag: { records: 0, seconds: 0 } };
  const text = await new MetricsText().of(observed({ counters, partitions: [partition] }));
  for (const { name, type, labels, help } of METRICS) {
    assert.ok(text.includes(`# HELP ${PREFIX}${name} ${help}\n# TYPE ${PREFIX}${name} ${type}\n`));
    const first = new RegExp(
      `^${PREFIX}${name}${type === "histogram" ? "_bucket" : ""}(\\{.*\\})? `,
      "m",
    );
    const [, found = ""] = first.exec(text) ?? [`no sample of ${name}`, "none"];
    const names = [...found.matchAll(/(\w+)="/g)].map(([, label]) => label);
    assert.equal(names, type === "histogram" ? ["le"] : [...labels], name);
  }
});

s("should say what the counters count", async () => {
  const counters = new Counters();
  counters.records.avro.row += 3;
  counters.records.none.tombstone += 1;
  const session = counters.sync("life");
  session.changed += 4;
  session.calls_not_made += 5;
  session.messages_delivered += 6;
  counters.responses["slow down"] += 2;
  counters.responses.retry += 1;
  counters.responses.delivered += 7;
  counters.recordDeadLetter("MISSING_KEY");
  counters.recordDeadLetter("MISSING_KEY");
  counters.add("stale", 8);
  counters.delivery.observe(0.2);
  counters.delivery.observe(7);
  const m = await scrape({ counters });
  assert.is(m.get("records_total", { kind: "row", format: "avro" }), 3);
  assert.is(m.sum("records_total"), 4);
  assert.is(m.get("changes_total", { sync: "life", kind: "changed" }), 4);
  assert.is(m.get("calls_not_made_total", { sync: "life" }), 5);
  assert.is(m.get("messages_delivered_total", { sync: "life" }), 6);
  assert.is(m.get("segment_responses_total", { action: "slow_down" }), 2);
  assert.is(m.get("batches_total"), 7);
  assert.is(m.get("retries_total"), 3);
  assert.is(m.get("dead_letters_total", { reason: "MISSING_KEY" }), 2);
  assert.is(m.get("stale_records_total"), 8);
  const under = (le: string) => m.get("delivery_delay_seconds_bucket", { le });
  assert.equal(
    [under("0.1"), under("0.25"), under("5"), under("10"), under("+Inf")],
    [0, 1, 1, 2, 2],
  );
  assert.is(m.get("delivery_delay_seconds_sum"), 7.2);
  assert.is(m.get("delivery_delay_seconds_count"), 2);
  // The summary reads the same numbers.
  assert.equal(
    (["records", "changed", "calls_not_made", "batches", "retries", "dead_letters"] as const).map(
      (name) => counters.get(name),
    ),
    [4, 4, 5, 7, 3, 2],
  );
  assert.equal(counters.reasons("dead_letters"), [["MISSING_KEY", 2]]);
});

/** A pipeline of which nothing that can be counted or read is like another. */
function allApart(): Observed {
  const counters = new Counters();
  Object.assign(counters.records.json, { row: 101, tombstone: 102, "non-row": 103 });
  counters.records.unknown.unreadable = 104;
  for (const [name, count] of [
    ["truncates", 105],
    ["replayed", 106],
    ["stale", 107],
    ["position_resets", 108],
    ["key_changes", 109],
    ["key_changes_missed", 110],
    ["key_changes_unreadable", 111],
    ["rows_backfilled", 112],
    ["reconciled", 113],
    ["missing_users_ignored", 114],
    ["fields_left_out", 115],
    ["bytes_delivered", 116],
  ] as const)
    counters.add(name, count);
  Object.assign(counters.sync("life"), {
    ...{ added: 201, changed: 202, removed: 203, calls_not_made: 204, initial_skipped: 205 },
    ...{ messages: 206, messages_delivered: 207 },
  });
  Object.assign(counters.responses, { delivered: 301, retry: 302, rejected: 304, stop: 305 });
  counters.responses["slow down"] = 303;
  counters.deadLetters.MISSING_KEY = 306;
  for (const delay_s of [0.5, 400]) counters.delivery.observe(delay_s);
  for (const took_s of [0.25, 8, 16]) counters.checkpoint.observe(took_s);
  return observed({
    ...{ counters, since: 1_600_000_000_500, rateLimiter: { wait_ms: 40, throttled_ms: 41_500 } },
    source: {
      ...{ isJoined: true, reason: null, rebalances: 401, next: new Map() },
      restarts: { crashed: 402, lost: 403, stalled: 404 },
    },
    process: {
      ...{ resident_bytes: 501, heap_bytes: 502, external_bytes: 503, cpu_s: 504.5 },
      delay_s: { p50: 0.505, p99: 0.506, max: 0.507 },
    },
    partitions: [
      {
        ...{ ...RUNNING, nextOffset: 601, checkpointed: 1_600_000_602_500 },
        ...{ end: 603, lag: { records: 604, seconds: 605.5 } },
        restore: { done: 606, total: 607 },
        store: { entries: 608, disk_bytes: 609, memory_bytes: 610 },
        usage: {
          queue_records: { now: 701, limit: 711 },
          queue_bytes: { now: 702, limit: 712 },
          uncommitted_rows: { now: 703, limit: 713 },
          uncommitted_bytes: { now: 704, limit: 714 },
          delivery_queue_messages: { now: 705, limit: 715 },
          delivery_queue_bytes: { now: 706, limit: 716 },
        },
      },
    ],
  });
}

/** Every sample of `allApart` but those of flags, whose values are alike. */
const APART: readonly (readonly [name: string, value: number, labels?: string])[] = [
  ["start_time_seconds", 1_600_000_000.5],
  ["records_total", 101, "kind=row format=json"],
  ["records_total", 102, "kind=tombstone format=json"],
  ["records_total", 103, "kind=non-row format=json"],
  ["records_total", 104, "kind=unreadable format=unknown"],
  ["truncates_total", 105],
  ["duplicate_records_total", 106],
  ["stale_records_total", 107],
  ["position_resets_total", 108],
  ["key_changes_total", 109, "result=one"],
  ["key_changes_total", 110, "result=missed"],
  ["key_changes_total", 111, "result=unreadable"],
  ["backfilled_rows_total", 112],
  ["reconciled_rows_total", 113],
  ["missing_users_ignored_total", 114],
  ["fields_left_out_total", 115],
  ["delivered_bytes_total", 116],
  ["changes_total", 201, "sync=life kind=added"],
  ["changes_total", 202, "sync=life kind=changed"],
  ["changes_total", 203, "sync=life kind=removed"],
  ["calls_not_made_total", 204, "sync=life"],
  ["initial_skipped_total", 205, "sync=life"],
  ["messages_total", 206, "sync=life"],
  ["messages_delivered_total", 207, "sync=life"],
  ["batches_total", 301],
  ["segment_responses_total", 301, "action=delivered"],
  ["segment_responses_total", 302, "action=retry"],
  ["segment_responses_total", 303, "action=slow_down"],
  ["segment_responses_total", 304, "action=rejected"],
  ["segment_responses_total", 305, "action=stop"],
  ["retries_total", 605],
  ["dead_letters_total", 306, "reason=MISSING_KEY"],
  ["delivery_delay_seconds_sum", 400.5],
  ["delivery_delay_seconds_count", 2],
  ["checkpoint_seconds_sum", 24.25],
  ["checkpoint_seconds_count", 3],
  ["throttled_seconds_total", 41.5],
  ["rebalances_total", 401],
  ["consumer_restarts_total", 402, "reason=crashed"],
  ["consumer_restarts_total", 403, "reason=lost"],
  ["consumer_restarts_total", 404, "reason=stalled"],
  ["memory_bytes", 501, "kind=resident"],
  ["memory_bytes", 502, "kind=heap"],
  ["memory_bytes", 503, "kind=external"],
  ["cpu_seconds_total", 504.5],
  ["event_loop_delay_seconds", 0.505, "quantile=p50"],
  ["event_loop_delay_seconds", 0.506, "quantile=p99"],
  ["event_loop_delay_seconds", 0.507, "quantile=max"],
  ...(
    [
      ["position", 601],
      ["checkpoint_timestamp_seconds", 1_600_000_602.5],
      ["log_end", 603],
      ["lag_records", 604],
      ["lag_seconds", 605.5],
      ["restore_read_offsets", 606],
      ["restore_offsets", 607],
      ["state_entries", 608],
      ["state_disk_bytes", 609],
      ["state_memory_bytes", 610],
      ["queue_records", 701],
      ["queue_records_limit", 711],
      ["queue_bytes", 702],
      ["queue_bytes_limit", 712],
      ["uncommitted_rows", 703],
      ["uncommitted_rows_limit", 713],
      ["uncommitted_bytes", 704],
      ["uncommitted_bytes_limit", 714],
      ["delivery_queue_messages", 705],
      ["delivery_queue_messages_limit", 715],
      ["delivery_queue_bytes", 706],
      ["delivery_queue_bytes_limit", 716],
    ] as const
  ).map(([name, value]) => [name, value, "topic=users partition=0"] as const),
];
const FLAGS = ["info", "live", "ready", "task_state", "throttled", "consumer_joined"];

s("should give each its own number, and no other", async () => {
  const m = await scrape(allApart());
  for (const [name, value, labels = ""] of APART) {
    const pairs = labels.split(" ").flatMap((pair) => (pair === "" ? [] : [pair.split("=")]));
    assert.is(m.get(name, Object.fromEntries(pairs)), value, `${name} ${labels}`);
  }
  const expected = [...APART.map(([name]) => name.replace(/_(sum|count)$/, "")), ...FLAGS];
  const names = METRICS.map(({ name }) => name);
  assert.equal([...new Set(expected)].toSorted(), names.toSorted(), "each metric is among them");
});

s("should say where each partition stands, and nothing of one that went", async () => {
  const text = new MetricsText();
  const tp = { topic: "users", partition: "0" };
  const m = new Scraped(await text.of(observed()));
  assert.equal(
    [m.get("lag_records", tp), m.get("lag_seconds", tp), m.get("position", tp)],
    [0, 0, 10],
  );
  assert.is(m.get("task_state", { ...tp, state: "running" }), 1);
  assert.is(m.get("checkpoint_timestamp_seconds", tp), 1_700_000_005);
  for (const [name, now, limit] of [
    ["queue_records", 1, 11],
    ["queue_bytes", 2, 12],
    ["uncommitted_rows", 3, 13],
    ["uncommitted_bytes", 6, 16],
    ["delivery_queue_messages", 4, 14],
    ["delivery_queue_bytes", 5, 15],
  ] as const)
    assert.equal([m.get(name, tp), m.get(`${name}_limit`, tp)], [now, limit], name);
  assert.equal(
    ["state_entries", "state_disk_bytes", "state_memory_bytes"].map((name) => m.get(name, tp)),
    [6, 7, 8],
  );
  assert.throws(() => m.get("restore_offsets", tp), "nothing was restored: that is not 0");
  const restoring = { ...RUNNING, restore: { done: 3, total: 9 }, state: null, position: null };
  const later = new Scraped(
    await text.of(
      observed({ partitions: [{ ...restoring, partition: 1, end: null, lag: NO_LAG }] }),
    ),
  );
  assert.throws(() => later.get("position", tp));
  const other = { ...tp, partition: "1" };
  assert.is(later.get("restore_read_offsets", other), 3);
  assert.is(later.get("restore_offsets", other), 9);
  assert.throws(() => later.get("lag_records", other), "unknown is not 0");
});

s("should say how the process, its consumer and the gate are", async () => {
  const m = await scrape({ rateLimiter: { wait_ms: 10, throttled_ms: 1_500 } });
  assert.is(m.get("consumer_restarts_total", { reason: "stalled" }), 3);
  assert.equal([m.get("rebalances_total"), m.get("consumer_joined")], [2, 1]);
  assert.equal([m.get("throttled"), m.get("throttled_seconds_total")], [1, 1.5]);
  assert.is(m.get("event_loop_delay_seconds", { quantile: "p99" }), 0.01);
  assert.is(m.get("memory_bytes", { kind: "resident" }), 100);
  assert.is(m.get("info", { pipeline: "shop", version: "1.2.3" }), 1);
  const failing = { status: "failing", code: "RESTORING", reason: "", toDo: "" } as const;
  const not = await scrape({ ready: failing });
  assert.equal([not.get("live"), not.get("ready")], [1, 0]);
});

const NO_LAG = { records: null, seconds: null };

async function scrape(instead: Parameters<typeof observed>[0]): Promise<Scraped> {
  return new Scraped(await new MetricsText().of(observed(instead)));
}

s.run();
