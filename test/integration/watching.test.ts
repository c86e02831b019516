import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Kafka, logLevel, Partitioners } from "kafkajs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Fault, MockSegment } from "../../src/cli/demo/mock-segment.ts";
import type { DeadLettersStatus, Health, MessagesStatus, Status } from "../../src/status/status.ts";
import { type Stack, startStack } from "../stack/stack.ts";
import { TOPIC } from "../support/debezium.ts";
import type { Scraped } from "../support/scraped.ts";
import { StatusPort } from "../support/status-port.ts";
import { type Change, heartbeat, insert, remove, tombstone, update } from "../support/table.ts";

/** The status port of a service on a real Kafka, compared with the records produced and the messages received. */

const PARTITIONS = 2;
const KEY = "watching-write-key-0123456789";

/** Ten rows are added, five change an unwatched column, three change `mail`, one is removed. */
const STORY: readonly Change[] = [
  ...of(1, 10, (id) => insert({ id, mail: `${id}@x`, seen: 0 }, id)),
  ...of(1, 5, (id) => update({ id, mail: `${id}@x`, seen: 1 }, 100 + id)),
  ...of(6, 8, (id) => update({ id, mail: `${id}@y`, seen: 0 }, 200 + id)),
  remove(10, 300),
  tombstone(10),
  { ...heartbeat(), key: { id: 2 } },
];

const UNREADABLE = [
  { partition: 0, key: '{"id":2}', value: "{" },
  { partition: 1, key: null, value: JSON.stringify(insert({ id: 11 }, 400).value) },
];

const directory = mkdtempSync(join(tmpdir(), "watching-"));
const config = join(directory, "config.json");
const test = suite("status port of a service");
let stack: Stack;
let mockSegment: MockSegment;
let response: Fault | null = null;
let port: StatusPort;

test.before(async () => {
  stack = await startStack({ kafka: true });
  mockSegment = await MockSegment.start({ faultFor: () => response });
  const admin = kafka().admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic: TOPIC, numPartitions: PARTITIONS }] });
  await admin.disconnect();
  writeFileSync(config, JSON.stringify(settings()));
  await produce(STORY);
  await produceRaw(UNREADABLE);
});

test.after(async () => {
  await port?.stop();
  await mockSegment?.stop();
  await stack?.stop();
  rmSync(directory, { recursive: true });
});

test("should report counts and progress as metrics", async () => {
  port = await StatusPort.of(config);
  await port.ready();
  const m = await caughtUp();
  const records = (kind: string, format: string) => m.get("records_total", { kind, format });
  assert.is(records("row", "json"), 19);
  assert.is(records("tombstone", "none"), 1);
  assert.is(records("non-row", "json"), 1);
  assert.is(records("unreadable", "unknown"), 1, "invalid JSON");
  assert.is(records("unreadable", "json"), 1, "without a key");
  assert.is(m.sum("records_total"), STORY.length + UNREADABLE.length);

  for (const sync of ["profile", "lifecycle"]) {
    const changes = (kind: string) => m.get("changes_total", { sync, kind });
    assert.equal(["added", "changed", "removed"].map(changes), [10, 3, 1], sync);
    assert.is(m.get("changes_skipped_total", { sync, reason: "unchanged" }), 5);
    const sent = mockSegment.accepted.filter(
      ({ type }) => (type === "identify") === (sync === "profile"),
    );
    assert.is(sent.length, sync === "profile" ? 13 : 14);
    assert.is(m.get("messages_total", { sync }), sent.length);
    assert.is(m.get("messages_delivered_total", { sync }), sent.length);
  }
  assert.is(m.get("delivery_delay_seconds_count"), mockSegment.accepted.length);
  assert.is(m.get("batches_total"), mockSegment.requests);
  assert.is(m.get("segment_responses_total", { action: "delivered" }), mockSegment.requests);
  assert.ok(m.get("delivered_bytes_total") > 1_000);
  assert.is(m.get("dead_letters_total", { reason: "INVALID_JSON" }), 1);
  assert.is(m.get("dead_letters_total", { reason: "MISSING_KEY" }), 1);
  assert.is(m.sum("dead_letters_total"), 2);
  assert.is(m.get("retries_total"), 0);
  assert.ok(m.get("checkpoint_seconds_count") >= PARTITIONS);
  assert.equal([m.get("live"), m.get("ready"), m.get("consumer_joined")], [1, 1, 1]);
  assert.is(m.sum("log_end_offset"), STORY.length + UNREADABLE.length);
  for (const partition of ["0", "1"]) {
    const tp = { topic: TOPIC, partition };
    assert.is(m.get("next_offset", tp), m.get("log_end_offset", tp));
    assert.is(m.get("lag_seconds", tp), 0);
    assert.is(m.get("task_state", { ...tp, state: "running" }), 1);
    assert.equal([m.get("queue_records", tp), m.get("queue_records_limit", tp)], [0, 70]);
    assert.equal([m.get("uncommitted_rows", tp), m.get("uncommitted_rows_limit", tp)], [0, 400]);
    assert.equal(
      [m.get("delivery_queue_messages", tp), m.get("delivery_queue_messages_limit", tp)],
      [0, 5_000],
    );
    assert.ok(m.get("state_entries", tp) > 4);
    assert.ok(m.get("state_memory_bytes", tp) > 0);
  }
});

test("should report the status as JSON with masked secrets", async () => {
  const text = await port.text("/status");
  assert.not.match(text, new RegExp(KEY));
  const status = JSON.parse(text) as Status;
  assert.is(status.pipeline, "watching");
  assert.equal(status.ready, { status: "ok" });
  assert.is((status.settings as { segment: { writeKey: string } }).segment.writeKey, "(hidden)");
  assert.equal(
    status.partitions.map(({ partition, taskState, lag }) => [partition, taskState, lag]),
    [0, 1].map((partition) => [partition, "running", { records: 0, seconds: 0 }]),
  );
  const [profile] = status.syncs;
  assert.equal([profile?.name, profile?.model, profile?.changed], ["profile", "users", 3]);
  assert.is(profile?.skipped.unchanged, 5);
  assert.equal(status.deadLetters.byReason, { INVALID_JSON: 1, MISSING_KEY: 1 });
});

test("should list the latest messages with their changes, and dead letters", async () => {
  const { messages } = await port.json<MessagesStatus>("/status/messages?sync=lifecycle&user=7");
  assert.equal(
    messages.map(({ event, userId, change }) => [event, userId, change]),
    [
      ["Changed", "7", { kind: "changed", columns: ["mail"] }],
      ["Added", "7", { kind: "added", columns: null }],
    ],
  );
  const [changed] = messages;
  assert.equal([changed?.record.topic, changed?.record.partition], [TOPIC, 1]);
  assert.is(changed?.record.key, "[7]");
  assert.is(changed?.response, "HTTP 200");
  assert.is(
    mockSegment.accepted.filter(({ messageId }) => messageId === changed?.messageId).length,
    1,
  );
  const byKey = await port.json<MessagesStatus>("/status/messages?key=7");
  assert.is(byKey.messages.length, 4, "of both syncs");
  const { deadLetters } = await port.json<DeadLettersStatus>("/status/dead-letters");
  assert.equal(deadLetters.map(({ code, partition }) => [code, partition]).toSorted(), [
    ["INVALID_JSON", 0],
    ["MISSING_KEY", 1],
  ]);
});

test("should be live and ready, with lag and throttling, while Segment responds with 429", async () => {
  const before = await port.metrics();
  response = { status: 429, headers: { "retry-after": "2" } };
  await produce(of(21, 120, (id) => insert({ id, mail: `${id}@x` }, 500 + id)));
  await until(async () => {
    const { get } = await port.metrics();
    return (
      get("throttled") === 1 && get("delivery_queue_messages", { topic: TOPIC, partition: "0" }) > 0
    );
  });
  const during = await port.metrics();
  assert.is(during.sum("lag_records"), 100);
  assert.ok(
    during.get("lag_seconds", { topic: TOPIC, partition: "0" }) > 1_000_000,
    "commits of 2023",
  );
  assert.equal([during.get("live"), during.get("ready")], [1, 1]);
  const { segment } = await port.json<Status>("/status");
  assert.equal(
    [segment.lastResponse?.action, segment.rateLimiter.throttledUntil !== null],
    ["throttled", true],
  );
  response = null;
  const after = await caughtUp();
  assert.ok(after.get("segment_responses_total", { action: "throttled" }) >= 1);
  assert.is(
    after.get("retries_total"),
    after.get("segment_responses_total", { action: "throttled" }),
  );
  const throttled_s = after.get("throttled_seconds_total");
  assert.ok(throttled_s >= 1.9 && throttled_s < 60, `${throttled_s} s`);
  assert.is(before.get("throttled_seconds_total"), 0);
});

test("should be live and not ready while Kafka is unavailable, and ready afterwards", async () => {
  await stack.kafka.stop();
  await until(async () => (await port.get("/ready")).status === 503, 90_000);
  const ready = await port.json<Health>("/ready");
  assert.is(ready.status === "failing" && ready.code, "KAFKA_UNAVAILABLE");
  assert.match(ready.status === "failing" ? ready.toDo : "", /rejoins by itself/);
  assert.is((await port.get("/live")).status, 200);
  const unavailable = await port.metrics();
  assert.equal([unavailable.get("consumer_joined"), unavailable.get("ready")], [0, 0]);
  await stack.kafka.restart();
  await port.ready();
  const back = await port.metrics();
  assert.ok(back.get("consumer_restarts_total", { reason: "crashed" }) >= 1);
  assert.is(back.get("consumer_restarts_total", { reason: "stalled" }), 0);
  assert.ok(back.get("rebalances_total") >= 2);
});

test("should report the progress of a restore", async () => {
  const { code, stderr } = await port.stop();
  assert.is(code, 0, stderr);
  const changeId = `"topic":"${TOPIC}","partition":0,"offset":\\d+`;
  assert.match(
    stderr,
    new RegExp(
      `${changeId},"code":"INVALID_JSON","count":1,"msg":"record sent to dead letter queue"`,
    ),
  );
  assert.match(stderr, new RegExp(`${changeId},"messages":\\d+,.*"batch failed; retrying`));
  assert.match(
    stderr,
    new RegExp(`"topic":"${TOPIC}","partition":1,"offset":0,.*"partition assigned"`),
  );
  assert.not.match(stderr, /@x/, "no row values above debug");
  rmSync(join(directory, "state"), { recursive: true });
  port = await StatusPort.of(config);
  await port.ready();
  const m = await port.metrics();
  for (const partition of ["0", "1"]) {
    const tp = { topic: TOPIC, partition };
    const [done, total] = ["done", "total"].map((state) =>
      m.get("restore_offsets", { ...tp, state }),
    );
    assert.ok(total !== undefined && total > 50, `${total} offsets for more than fifty rows`);
    assert.is(done, total);
  }
  assert.is(m.sum("records_total"), 0, "no record is processed again");
});

test("should reject a port that another process uses", async () => {
  const taken = join(directory, "taken.json");
  const own = { ...settings(), status: { port: Number(new URL(port.url).port) } };
  writeFileSync(taken, JSON.stringify(own));
  const { code, stderr } = await StatusPort.rejected(taken);
  assert.is(code, 2, stderr);
  const { level, code: named, msg } = JSON.parse(stderr.trim());
  assert.equal([level, named], [50, "CONFIGURATION"]);
  assert.match(msg, /^status: cannot listen at 127\.0\.0\.1:\d+: another process/);
});

function settings(): object {
  const events = { added: "Added", changed: "Changed", removed: "Removed" };
  const about = { model: "users", userId: "id" };
  return {
    name: "watching",
    kafka: { brokers: stack.kafka.brokers, sessionTimeout: "6s" },
    state: { directory: join(directory, "state") },
    segment: { writeKey: KEY, url: mockSegment.url },
    checkpoint: { interval: "100ms", rows: 200 },
    limits: { queueRecords: 70 },
    log: { format: "json" },
    status: { port: 0 },
    models: { users: { topic: TOPIC } },
    syncs: {
      profile: { ...about, type: "identify", traits: ["mail"] },
      lifecycle: { ...about, type: "track", properties: ["mail"], events, initialResults: "send" },
    },
  };
}

/** Waits until everything is stored and delivered. */
async function caughtUp(): Promise<Scraped> {
  await until(async () => {
    const m = await port.metrics();
    const isDone = m.sum("uncommitted_rows") === 0 && m.sum("checkpoint_seconds_count") > 1;
    return m.sum("log_end_offset") > 0 && m.sum("lag_records") === 0 && isDone;
  });
  return port.metrics();
}

async function until(is: () => Promise<boolean>, ms = 60_000): Promise<void> {
  for (const deadline = Date.now() + ms; !(await is()); await sleep(100))
    if (Date.now() > deadline)
      throw new Error(`not within ${ms} ms: ${await port.text("/metrics")}`);
}

async function produce(changes: readonly Change[]): Promise<void> {
  await produceRaw(
    changes.map(({ key, value }) => ({
      partition: Number((key as { id: number }).id) % PARTITIONS,
      key: JSON.stringify(key),
      value: value === null ? null : JSON.stringify(value),
    })),
  );
}

async function produceRaw(
  messages: readonly { partition: number; key: string | null; value: string | null }[],
): Promise<void> {
  const producer = kafka().producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  await producer.send({ topic: TOPIC, acks: -1, messages: [...messages] });
  await producer.disconnect();
}

function kafka(): Kafka {
  return new Kafka({ brokers: stack.kafka.brokers, logLevel: logLevel.NOTHING });
}

function of(from: number, to: number, change: (id: number) => Change): Change[] {
  return Array.from({ length: to - from + 1 }, (_, i) => change(from + i));
}

test.run();
