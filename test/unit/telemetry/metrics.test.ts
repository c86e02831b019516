import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Counters } from "../../../src/telemetry/counters.ts";
import { METRICS, PREFIX } from "../../../src/telemetry/metrics.ts";
import { withMetrics } from "../../../src/telemetry/metrics-table.ts";
import { MetricsText } from "../../../src/telemetry/registry.ts";
import { observed, RUNNING } from "../../support/observed.ts";
import { Scraped } from "../../support/scraped.ts";

const s = suite("telemetry: metrics");

/** Prometheus' base units, and what we count where no unit is one. */
const UNITS = /_(seconds|bytes|records|rows|messages|entries|offsets)(_limit)?$/;
const UNITLESS = /^(info|live|ready|phase|position|log_end|gate_closed|consumer_joined)$/;

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

s("should stand in the README as they are: `npm run metrics` writes them", () => {
  const readme = readFileSync("README.md", "utf8");
  assert.is(readme, withMetrics(readme));
  for (const { name } of METRICS) assert.ok(readme.includes(`| \`${name}\` |`), name);
});

s("should all have samples with the labels that they name", async () => {
  const counters = new Counters();
  counters.sync("life");
  counters.setAside("MISSING_KEY");
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
  const life = counters.sync("life");
  life.changed += 4;
  life.calls_not_made += 5;
  life.messages_delivered += 6;
  counters.answers["slow down"] += 2;
  counters.answers.retry += 1;
  counters.answers.delivered += 7;
  counters.setAside("MISSING_KEY");
  counters.setAside("MISSING_KEY");
  counters.add("stale", 8);
  counters.delivery.observe(0.2);
  counters.delivery.observe(7);
  const m = await scrape({ counters });
  assert.is(m.get("records_total", { kind: "row", format: "avro" }), 3);
  assert.is(m.sum("records_total"), 4);
  assert.is(m.get("changes_total", { sync: "life", kind: "changed" }), 4);
  assert.is(m.get("calls_not_made_total", { sync: "life" }), 5);
  assert.is(m.get("messages_delivered_total", { sync: "life" }), 6);
  assert.is(m.get("answers_total", { verdict: "slow_down" }), 2);
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

s("should say where each partition stands, and nothing of one that went", async () => {
  const text = new MetricsText();
  const at = { topic: "users", partition: "0" };
  const m = new Scraped(await text.of(observed()));
  assert.equal(
    [m.get("lag_records", at), m.get("lag_seconds", at), m.get("position", at)],
    [0, 0, 10],
  );
  assert.is(m.get("phase", { ...at, phase: "running" }), 1);
  assert.is(m.get("checkpoint_timestamp_seconds", at), 1_700_000_005);
  for (const [name, now, limit] of [
    ["queue_records", 1, 11],
    ["queue_bytes", 2, 12],
    ["uncommitted_rows", 3, 13],
    ["uncommitted_bytes", 6, 16],
    ["lane_messages", 4, 14],
    ["lane_bytes", 5, 15],
  ] as const)
    assert.equal([m.get(name, at), m.get(`${name}_limit`, at)], [now, limit], name);
  assert.equal(
    ["state_entries", "state_disk_bytes", "state_memory_bytes"].map((name) => m.get(name, at)),
    [6, 7, 8],
  );
  assert.throws(() => m.get("restore_offsets", at), "nothing was restored: that is not 0");
  const restoring = { ...RUNNING, restore: { done: 3, total: 9 }, state: null, position: null };
  const later = new Scraped(
    await text.of(
      observed({ partitions: [{ ...restoring, partition: 1, end: null, lag: NO_LAG }] }),
    ),
  );
  assert.throws(() => later.get("position", at));
  const other = { ...at, partition: "1" };
  assert.is(later.get("restore_read_offsets", other), 3);
  assert.is(later.get("restore_offsets", other), 9);
  assert.throws(() => later.get("lag_records", other), "unknown is not 0");
});

s("should say how the process, its consumer and the gate are", async () => {
  const m = await scrape({ gate: { wait_ms: 10, closed_ms: 1_500 } });
  assert.is(m.get("consumer_restarts_total", { reason: "silent" }), 3);
  assert.equal([m.get("rebalances_total"), m.get("consumer_joined")], [2, 1]);
  assert.equal([m.get("gate_closed"), m.get("gate_closed_seconds_total")], [1, 1.5]);
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
