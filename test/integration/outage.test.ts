import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Kafka, logLevel, Partitioners } from "kafkajs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Fault, MockSegment } from "../../src/cli/demo/mock-segment.ts";
import { type Stack, startStack } from "../stack/stack.ts";
import { start } from "../support/command-line.ts";
import { TOPIC } from "../support/debezium.ts";
import { generations, memberOf, peak_MB } from "../support/membership.ts";
import { topicHolds } from "../support/topics.ts";

/** Segment is away in every way it can be, for several sessions of the group, and the topic is full. */

const PARTITIONS = 4;
const RECORDS = 100_000;
const BATCH = 2_000;
const SESSION_TIMEOUT_MS = 6_000;

/** Together longer than three sessions: a blocked process would have lost its partitions. */
const OUTAGES: readonly (readonly [name: string, response: Fault | "refuse", ms: number])[] = [
  ["connection refused", "refuse", 7_000],
  ["hanging", "hang", 6_000],
  ["503", { status: 503 }, 6_000],
  ["reset", "reset", 2_000],
  // Segment accepts the batch each time, and the process cannot know.
  ["truncated responses", "half", 2_000],
  ["429 with Retry-After", { status: 429, headers: { "retry-after": "1" } }, 2_000],
];

/** For each partition: 16 MB in total, of 150 MB in the topic. */
const LIMITS = { queueBytes: "2MB", deliveryBytes: "2MB" };

/**
 * Peak memory during the outages. An idle process has about 130 MB; objects, fetches (8 MB each) and garbage come on top
 * of what the limits count. Measured: 340 MB, and 880 MB without effective limits.
 */
const OUTAGE_MB = 500;

/** Processing at full speed makes more garbage. Measured: 550 MB, and 1,200 MB without limits. */
const ALWAYS_MB = 800;

const directory = mkdtempSync(join(tmpdir(), "outage-"));
const test = suite("an outage of Segment");
let stack: Stack;
let mockSegment: MockSegment;

test.before(async () => {
  stack = await startStack({ kafka: true });
  mockSegment = await MockSegment.start();
  const admin = kafka().admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic: TOPIC, numPartitions: PARTITIONS }] });
  await admin.disconnect();
  await produce();
});

test.after(async () => {
  await mockSegment?.stop();
  await stack?.stop();
  rmSync(directory, { recursive: true });
});

test("should stay within its limits, keep its partitions, and continue automatically", async () => {
  let response: Fault | null = null;
  const { url } = mockSegment;
  const port = Number(new URL(url).port);
  await mockSegment.stop();
  const config = join(directory, "config.json");
  writeFileSync(config, JSON.stringify(settings(url)));
  const service = start(["run", "--config", config]);
  const member = await memberOf(stack.kafka, "outage");
  for (const [name, what, ms] of OUTAGES) {
    if (what !== "refuse" && response === null) {
      response = what;
      mockSegment = await MockSegment.start({ port, faultFor: () => response });
    }
    response = what === "refuse" ? null : what;
    await sleep(ms);
    assert.is(service.child.exitCode, null, name);
  }
  assert.is(await memberOf(stack.kafka, "outage"), member, "the same member throughout");
  assert.ok(peak_MB(service.child.pid) < OUTAGE_MB, `${peak_MB(service.child.pid)} MB`);

  response = null;
  const deadline = Date.now() + 120_000;
  while (mockSegment.accepted.length < RECORDS && Date.now() < deadline) await sleep(100);
  assert.ok(peak_MB(service.child.pid) < ALWAYS_MB, `${peak_MB(service.child.pid)} MB`);
  assert.is(await memberOf(stack.kafka, "outage"), member, "and after it");
  assert.is(generations(stack.kafka, "outage"), 1, "no rebalance");
  service.child.kill("SIGTERM");
  const { code, stderr } = await service.ended;
  assert.is(code, 0, stderr);
  const users = mockSegment.accepted.map(({ userId }) => Number(userId));
  for (let partition = 0; partition < PARTITIONS; partition += 1) {
    // Each once, in the order of the topic.
    const expected = Array.from({ length: RECORDS / PARTITIONS }, (_, i) => i * PARTITIONS);
    assert.equal(
      users.filter((id) => id % PARTITIONS === partition),
      expected.map((id) => id + partition),
    );
  }
});

function settings(url: string): object {
  return {
    name: "outage",
    kafka: { brokers: stack.kafka.brokers, sessionTimeout: `${SESSION_TIMEOUT_MS}ms` },
    state: { directory: join(directory, "state") },
    segment: { writeKey: "none", url, timeout: "2s" },
    checkpoint: { rows: 1_000 },
    limits: LIMITS,
    log: { format: "json", level: "warn" },
    status: { port: 0 },
    models: { users: { topic: TOPIC } },
    syncs: { profile: { model: "users", type: "identify", userId: "id", traits: ["about"] } },
  };
}

/** As fast as it goes: rows of about 1,500 bytes. */
async function produce(): Promise<void> {
  const createPartitioner = Partitioners.DefaultPartitioner;
  const producer = kafka().producer({ createPartitioner });
  await producer.connect();
  for (let from = 0; from < RECORDS; from += BATCH) {
    const messages = Array.from({ length: BATCH }, (_, i) => messageOf(from + i));
    await producer.send({ topic: TOPIC, acks: -1, messages });
  }
  await producer.disconnect();
  await topicHolds(stack.kafka, TOPIC, RECORDS);
}

function messageOf(id: number) {
  const ts_ms = 1_795_481_597_000 + id;
  const source = { connector: "postgresql", name: "app", db: "app", schema: "public" };
  const value = {
    before: null,
    after: { id, about: `${id} `.repeat(200) },
    source: { ...source, table: "users", snapshot: "false", lsn: 1_000 + id, ts_ms },
    op: "c",
    ts_ms,
  };
  return {
    partition: id % PARTITIONS,
    key: JSON.stringify({ id }),
    value: JSON.stringify(value),
  };
}

function kafka(): Kafka {
  return new Kafka({ brokers: stack.kafka.brokers, logLevel: logLevel.NOTHING });
}

test.run();
