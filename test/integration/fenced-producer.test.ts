import { globSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Kafka, logLevel, Partitioners } from "kafkajs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { MockSegment } from "../../src/cli/demo/mock-segment.ts";
import { type Stack, startStack } from "../stack/stack.ts";
import { start } from "../support/command-line.ts";
import { TOPIC } from "../support/debezium.ts";
import { insert } from "../support/table.ts";

/**
 * Kafka fences a process's producer although no other process owns its partition: the task continues from its store, in
 * the same process. This happens after a process was paused (a sleeping laptop, a frozen container) inside a transaction
 * for longer than the minute after which Kafka aborts it.
 */

const ROWS = 40_000;
/** At this size, one of the checkpoint's twenty record batches is in the log, and the transaction is open. */
const OPEN_TRANSACTION_BYTES = 200_000;

const directory = mkdtempSync(join(tmpdir(), "fenced-producer-"));
const test = suite("a fenced producer");
let stack: Stack;
let kafka: Kafka;

test.before(async () => {
  // By default the coordinator aborts expired transactions every ten seconds.
  const properties = { "transaction.abort.timed.out.transaction.cleanup.interval.ms": "1000" };
  stack = await startStack({ kafka: { properties } });
  kafka = new Kafka({ brokers: stack.kafka.brokers, logLevel: logLevel.NOTHING });
});

test.after(async () => {
  await stack?.stop();
  rmSync(directory, { recursive: true });
});

test("should continue from its store when its epoch has ended", async () => {
  const { mockSegment, service, topic, name } = await setUp("fenced", 100);
  await produce(topic, 1, 10);
  await accepted(mockSegment, 10);
  await sleep(1_000); // a checkpoint
  await fenceProducer(`${name}.${topic}.changelog/0`);
  await produce(topic, 11, 20);
  await accepted(mockSegment, 20);
  await produce(topic, 21, 30);
  await accepted(mockSegment, 30);
  await sleep(500);
  const { code, stderr } = await stopped(service);
  assert.is(code, 0, stderr);
  assert.match(stderr, /changelog producer fenced/);
  assert.match(stderr, /partition still assigned; reopening task/);
  assert.is(mockSegment.accepted.length, 30);
  await mockSegment.stop();
});

test("should continue after a pause of more than a minute inside a transaction", async () => {
  const { mockSegment, service, topic, name } = await setUp("frozen", ROWS);
  const { child } = service;
  await produce(topic, 1, ROWS);
  const log = () => globSync(`${stack.directory}/kafka*/${name}.${topic}.changelog-0/*0.log`)[0];
  await until(
    () => statSync(log() ?? "/none", { throwIfNoEntry: false })?.size ?? 0,
    OPEN_TRANSACTION_BYTES,
  );
  child.kill("SIGSTOP");
  const rollback = `rollback of ongoing transaction for transactionalId ${name}.${topic}.changelog/0 due to timeout`;
  const aborted = () => (readFileSync(stack.kafka.logFile, "utf8").includes(rollback) ? 1 : 0);
  await until(aborted, 1, 85_000);
  child.kill("SIGCONT");
  await produce(topic, ROWS + 1, ROWS + 10);
  await accepted(mockSegment, ROWS + 10);
  const { code, stderr } = await stopped(service);
  assert.is(code, 0, stderr);
  assert.match(stderr, /partition still assigned; reopening task/);
  assert.is(mockSegment.accepted.length, ROWS + 10);
  await mockSegment.stop();
});

/** Starts a pipeline with a topic of its own. */
async function setUp(name: string, rows: number) {
  const topic = `${name}.${TOPIC}`;
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: 1 }] });
  await admin.disconnect();
  const mockSegment = await MockSegment.start();
  const config = join(directory, `${name}.json`);
  const settings = {
    name,
    // The session is longer than the transaction timeout: the group does not reassign the partition.
    kafka: { brokers: stack.kafka.brokers, sessionTimeout: "2m" },
    state: { directory: join(directory, name) },
    segment: { writeKey: "none", url: mockSegment.url },
    checkpoint: { interval: rows > 1_000 ? "3s" : "200ms", rows },
    limits: { deliveryMessages: rows },
    log: { format: "json" },
    status: { port: 0 },
    models: { users: { topic } },
    syncs: { profile: { model: "users", type: "identify", userId: "id", traits: ["email"] } },
  };
  writeFileSync(config, JSON.stringify(settings));
  return { mockSegment, service: start(["run", "--config", config]), topic, name };
}

async function produce(topic: string, first: number, last: number): Promise<void> {
  const createPartitioner = Partitioners.DefaultPartitioner;
  const producer = kafka.producer({ createPartitioner });
  await producer.connect();
  for (let from = first; from <= last; from += 2_000) {
    const ids = Array.from({ length: Math.min(2_000, last + 1 - from) }, (_, i) => from + i);
    const messages = ids.map((id) => {
      const { key, value } = insert({ id, email: `${id}@x` }, id);
      return { partition: 0, key: JSON.stringify(key), value: JSON.stringify(value) };
    });
    await producer.send({ topic, acks: -1, messages });
  }
  await producer.disconnect();
}

/** Does what the coordinator does to an expired transaction: it starts a newer epoch, which no producer uses. */
async function fenceProducer(transactionalId: string): Promise<void> {
  const createPartitioner = Partitioners.DefaultPartitioner;
  const options = { transactionalId, idempotent: true, maxInFlightRequests: 1, createPartitioner };
  const producer = kafka.producer(options);
  await producer.connect();
  await (await producer.transaction()).abort();
  await producer.disconnect();
}

function accepted(mockSegment: MockSegment, count: number): Promise<void> {
  return until(() => mockSegment.accepted.length, count);
}

async function until(value: () => number, least: number, timeout_ms = 60_000): Promise<void> {
  const deadline = Date.now() + timeout_ms;
  while (value() < least) {
    if (Date.now() > deadline) throw new Error(`${value()} of ${least} after ${timeout_ms} ms`);
    await sleep(5);
  }
}

function stopped({ child, ended }: ReturnType<typeof start>): ReturnType<typeof start>["ended"] {
  child.kill("SIGTERM");
  return ended;
}

test.run();
