import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Counters } from "../../../src/metrics/counters.ts";
import { METRICS, PREFIX } from "../../../src/status/metrics.ts";
import { metricsRegistry } from "../../../src/status/metrics-registry.ts";
import { metricsPage } from "../../../src/status/metrics-table.ts";
import type { Observed } from "../../../src/status/observed.ts";
import { observed, RUNNING } from "../../support/observed.ts";
import { Scraped } from "../../support/scraped.ts";

const s = suite("status: metrics");

/** Base units of Prometheus, and what is counted where there is no unit. */
const UNITS = /_(seconds|bytes|records|rows|messages|entries|offsets)(_limit)?$/;
const UNITLESS =
  /^(info|live|ready|task_state|next_offset|log_end_offset|throttled|consumer_joined)$/;

s("should have unique names in the form of Prometheus, and help texts", () => {
  const names = METRICS.map(({ name }) => name);
  assert.is(new Set(names).size, names.length);
  for (const { name, type, help } of METRICS) {
    assert.match(name, /^[a-z]+(_[a-z]+)*$/);
    assert.is(name.endsWith("_total"), type === "counter", `${name}: _total is a counter's`);
    if (type !== "counter") assert.ok(UNITS.test(name) || UNITLESS.test(name), `${name}: unit`);
    assert.ok(help.length > 10, name);
    assert.not.match(help, /\||\n/, "a table cell");
  }
});

s("docs/reference/metrics.md should be up to date: `npm run docs` writes it", () => {
  assert.is(readFileSync("docs/reference/metrics.md", "utf8"), metricsPage());
});

s("should all have samples with their labels", async () => {
  const counters = new Counters();
  counters.sync("lifecycle");
  counters.recordDeadLetter("MISSING_KEY");
  const restore = { done: 1, total: 2 };
  const partition = { ...RUNNING, restore, logEnd: 10, lag: { records: 0, seconds: 0 } };
  const text = await textOf({ counters, partitions: [partition] });
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

s("should report the counters", async () => {
  const counters = new Counters();
  counters.records.avro.row += 3;
  counters.records.none.tombstone += 1;
  const session = counters.sync("lifecycle");
  session.changed += 4;
  session.skipped.unchanged += 5;
  session.messages_delivered += 6;
  counters.responses.throttled += 2;
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
  assert.is(m.get("changes_total", { sync: "lifecycle", kind: "changed" }), 4);
  assert.is(m.get("changes_skipped_total", { sync: "lifecycle", reason: "unchanged" }), 5);
  assert.is(m.get("messages_delivered_total", { sync: "lifecycle" }), 6);
  assert.is(m.get("segment_responses_total", { action: "throttled" }), 2);
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
    (["records", "changed", "unchanged", "batches", "retries", "dead_letters"] as const).map(
      (name) => counters.get(name),
    ),
    [4, 4, 5, 7, 3, 2],
  );
  assert.equal(counters.reasons("dead_letters"), [["MISSING_KEY", 2]]);
});

/** A pipeline in which no two numbers are equal. */
function allDifferent(): Observed {
  const counters = new Counters();
  Object.assign(counters.records.json, { row: 101, tombstone: 102, "non-row": 103 });
  counters.records.unknown.unreadable = 104;
  for (const [name, count] of [
    ["truncates", 105],
    ["duplicates", 106],
    ["stale", 107],
    ["source_position_resets", 108],
    ["key_changes", 109],
    ["key_changes_timed_out", 110],
    ["key_changes_unreadable", 111],
    ["rows_backfilled", 112],
    ["reconciled", 113],
    ["fields_left_out", 115],
    ["bytes_delivered", 116],
  ] as const)
    counters.add(name, count);
  Object.assign(counters.sync("lifecycle"), {
    ...{ added: 201, changed: 202, removed: 203, messages: 206, messages_delivered: 207 },
    skipped: { unchanged: 204, initialResult: 205, missingUser: 114 },
  });
  Object.assign(counters.responses, { delivered: 301, retry: 302, rejected: 304, stop: 305 });
  counters.responses.throttled = 303;
  counters.deadLetters.MISSING_KEY = 306;
  for (const delay_s of [0.5, 400]) counters.delivery.observe(delay_s);
  for (const took_s of [0.25, 8, 16]) counters.checkpoint.observe(took_s);
  return observed({
    ...{ counters, rateLimiter: { wait_ms: 40, throttled_ms: 41_500 } },
    source: {
      ...{ isJoined: true, reason: null, rebalances: 401, next: new Map() },
      restarts: { crashed: 402, lost: 403, stalled: 404 },
    },
    partitions: [
      {
        ...{ ...RUNNING, nextOffset: 601, checkpointed: 1_600_000_602_500 },
        ...{ logEnd: 603, lag: { records: 604, seconds: 605.5 } },
        restore: { done: 606, total: 607 },
        store: { entries: 608, disk_bytes: 609, memory_bytes: 610 },
        usage: {
          queue_records: { used: 701, limit: 711 },
          queue_bytes: { used: 702, limit: 712 },
          uncommitted_rows: { used: 703, limit: 713 },
          uncommitted_bytes: { used: 704, limit: 714 },
          delivery_queue_messages: { used: 705, limit: 715 },
          delivery_queue_bytes: { used: 706, limit: 716 },
        },
      },
    ],
  });
}

/** Every sample of `allDifferent` except flags, which are 0 or 1. */
const EXPECTED: readonly (readonly [name: string, value: number, labels?: string])[] = [
  ["records_total", 101, "kind=row format=json"],
  ["records_total", 102, "kind=tombstone format=json"],
  ["records_total", 103, "kind=non-row format=json"],
  ["records_total", 104, "kind=unreadable format=unknown"],
  ["truncates_total", 105],
  ["duplicate_records_total", 106],
  ["stale_records_total", 107],
  ["source_position_resets_total", 108],
  ["key_changes_total", 109, "result=changed"],
  ["key_changes_total", 110, "result=timed_out"],
  ["key_changes_total", 111, "result=unreadable"],
  ["backfilled_rows_total", 112],
  ["reconciled_rows_total", 113],
  ["fields_left_out_total", 115],
  ["delivered_bytes_total", 116],
  ["changes_total", 201, "sync=lifecycle kind=added"],
  ["changes_total", 202, "sync=lifecycle kind=changed"],
  ["changes_total", 203, "sync=lifecycle kind=removed"],
  ["changes_skipped_total", 204, "sync=lifecycle reason=unchanged"],
  ["changes_skipped_total", 205, "sync=lifecycle reason=initialResult"],
  ["changes_skipped_total", 114, "sync=lifecycle reason=missingUser"],
  ["messages_total", 206, "sync=lifecycle"],
  ["messages_delivered_total", 207, "sync=lifecycle"],
  ["batches_total", 301],
  ["segment_responses_total", 301, "action=delivered"],
  ["segment_responses_total", 302, "action=retry"],
  ["segment_responses_total", 303, "action=throttled"],
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
  ["restore_offsets", 606, "topic=users partition=0 state=done"],
  ["restore_offsets", 607, "topic=users partition=0 state=total"],
  ...(
    [
      ["next_offset", 601],
      ["checkpoint_timestamp_seconds", 1_600_000_602.5],
      ["log_end_offset", 603],
      ["lag_records", 604],
      ["lag_seconds", 605.5],
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

s("should report each number under its own name", async () => {
  const m = await scrape(allDifferent());
  for (const [name, value, labels = ""] of EXPECTED) {
    const pairs = labels.split(" ").flatMap((pair) => (pair === "" ? [] : [pair.split("=")]));
    assert.is(m.get(name, Object.fromEntries(pairs)), value, `${name} ${labels}`);
  }
  const expected = [...EXPECTED.map(([name]) => name.replace(/_(sum|count)$/, "")), ...FLAGS];
  const names = METRICS.map(({ name }) => name);
  assert.equal(
    [...new Set(expected)].toSorted(),
    names.toSorted(),
    "every metric has an expected sample",
  );
});

s(
  "should report only the partitions that the process owns now, and no sample of an unknown value",
  async () => {
    let partitions = observed().partitions;
    const registry = metricsRegistry(async () => observed({ partitions }));
    const first = { topic: "users", partition: "0" };
    const before = new Scraped(await registry.metrics());
    assert.equal(
      ["lag_records", "lag_seconds", "next_offset"].map((name) => before.get(name, first)),
      [0, 0, 10],
    );
    assert.is(before.get("task_state", { ...first, state: "running" }), 1);
    const done = (scraped: Scraped, tp: typeof first) =>
      scraped.get("restore_offsets", { ...tp, state: "done" });
    assert.throws(() => done(before, first), "without a restore");

    const restoring = { ...RUNNING, restore: { done: 3, total: 9 }, nextOffset: null };
    partitions = [
      { ...restoring, partition: 1, logEnd: null, lag: { records: null, seconds: null } },
    ];
    const after = new Scraped(await registry.metrics());
    assert.throws(() => after.get("state_entries", first), "the partition is revoked");
    const second = { ...first, partition: "1" };
    assert.is(done(after, second), 3);
    assert.throws(() => after.get("next_offset", second));
    assert.throws(() => after.get("lag_records", second));
  },
);

s("should report version, health, consumer and rate limiter", async () => {
  const failing = { status: "failing", code: "RESTORING", reason: "", toDo: "" } as const;
  const m = await scrape({ ready: failing, rateLimiter: { wait_ms: 10, throttled_ms: 1_500 } });
  assert.is(m.get("info", { pipeline: "shop", version: "1.2.3" }), 1);
  assert.equal([m.get("live"), m.get("ready"), m.get("consumer_joined")], [1, 0, 1]);
  assert.equal([m.get("throttled"), m.get("throttled_seconds_total")], [1, 1.5]);
});

s("should observe the pipeline once per scrape", async () => {
  let observations = 0;
  const registry = metricsRegistry(async () => {
    observations += 1;
    return observed();
  });
  await registry.metrics();
  await registry.metrics();
  assert.is(observations, 2);
});

s(
  "should report memory, CPU time, start and event loop delay under prom-client's names",
  async () => {
    const text = await textOf({});
    for (const name of [
      "process_resident_memory_bytes",
      "process_cpu_seconds_total",
      "process_start_time_seconds",
      "nodejs_eventloop_lag_p99_seconds",
      "nodejs_heap_size_used_bytes",
    ])
      assert.match(text, new RegExp(`^${name} \\S+$`, "m"));
  },
);

function textOf(instead: Parameters<typeof observed>[0]): Promise<string> {
  return metricsRegistry(async () => observed(instead)).metrics();
}

async function scrape(instead: Parameters<typeof observed>[0]): Promise<Scraped> {
  return new Scraped(await textOf(instead));
}

s.run();
