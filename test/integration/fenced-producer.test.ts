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
 * Kafka takes no more of a process' producer, and nobody else has its partition: the task goes on from its store, in
 * the same process. So it is after a process stood still (a laptop asleep, a frozen container) inside a transaction for
 * longer than the minute that Kafka gives it.
 */

const ROWS = 40_000;
/** The first record batch of the checkpoint's twenty is in the log, and its transaction is open. */
const INSIDE_BYTES = 200_000;

const directory = mkdtempSync(join(tmpdir(), "fenced-producer-"));
const test = suite("a producer that Kafka bars");
let stack: Stack;
let kafka: Kafka;

test.before(async () => {
  // The coordinator looks for transactions that are too old each ten seconds, unless told otherwise.
  const look = { "transaction.abort.timed.out.transaction.cleanup.interval.ms": "1000" };
  stack = await startStack({ kafka: { properties: look } });
  kafka = new Kafka({ brokers: stack.kafka.brokers, logLevel: logLevel.NOTHING });
});

test.after(async () => {
  await stack?.stop();
  rmSync(directory, { recursive: true });
});

test("should go on from its store where its epoch is over", async () => {
  const { mockSegment, service, topic, name } = await setUp("barred", 100);
  await produce(topic, 1, 10);
  await kept(mockSegment, 10);
  await sleep(1_000); // a checkpoint
  await barProducer(`${name}.${topic}.changelog/0`);
  await produce(topic, 11, 20);
  await kept(mockSegment, 20);
  await produce(topic, 21, 30);
  await kept(mockSegment, 30);
  await sleep(500);
  const { code, stderr } = await stopped(service);
  assert.is(code, 0, stderr);
  assert.match(stderr, /changelog producer fenced/);
  assert.match(stderr, /partition still assigned; reopening task/);
  assert.is(mockSegment.accepted.length, 30);
  await mockSegment.stop();
});

test("should go on after it stood still inside a transaction for over a minute", async () => {
  const { mockSegment, service, topic, name } = await setUp("frozen", ROWS);
  const { child } = service;
  await produce(topic, 1, ROWS);
  const log = () => globSync(`${stack.directory}/kafka*/${name}.${topic}.changelog-0/*0.log`)[0];
  await until(() => statSync(log() ?? "/none", { throwIfNoEntry: false })?.size ?? 0, INSIDE_BYTES);
  child.kill("SIGSTOP");
  const rolledBack = `rollback of ongoing transaction for transactionalId ${name}.${topic}.changelog/0 due to timeout`;
  const gaveUp = () => (readFileSync(stack.kafka.logFile, "utf8").includes(rolledBack) ? 1 : 0);
  await until(gaveUp, 1, 85_000);
  child.kill("SIGCONT");
  await produce(topic, ROWS + 1, ROWS + 10);
  await kept(mockSegment, ROWS + 10);
  const { code, stderr } = await stopped(service);
  assert.is(code, 0, stderr);
  assert.match(stderr, /partition still assigned; reopening task/);
  assert.is(mockSegment.accepted.length, ROWS + 10);
  await mockSegment.stop();
});

/** A pipeline of its own, that has taken its partition. */
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
    // The group waits longer than the coordinator of transactions: nobody is told of anything.
    kafka: { brokers: stack.kafka.brokers, sessionTimeout: "2m" },
    state: { directory: join(directory, name) },
    segment: { writeKey: "none", url: mockSegment.url },
    checkpoint: { interval: rows > 1_000 ? "3s" : "200ms", rows },
    limits: { delivery_queue_messages: rows },
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

/** What the coordinator does to a transaction that is too old, and what it leaves: a newer epoch that nobody uses. */
async function barProducer(transactionalId: string): Promise<void> {
  const createPartitioner = Partitioners.DefaultPartitioner;
  const about = { transactionalId, idempotent: true, maxInFlightRequests: 1, createPartitioner };
  const producer = kafka.producer(about);
  await producer.connect();
  await (await producer.transaction()).abort();
  await producer.disconnect();
}

function kept(mockSegment: MockSegment, count: number): Promise<void> {
  return until(() => mockSegment.accepted.length, count);
}

async function until(value: () => number, least: number, within_ms = 60_000): Promise<void> {
  const deadline = Date.now() + within_ms;
  while (value() < least) {
    if (Date.now() > deadline) throw new Error(`${value()} of ${least} after ${within_ms} ms`);
    await sleep(5);
  }
}

function stopped({ child, ended }: ReturnType<typeof start>): ReturnType<typeof start>["ended"] {
  child.kill("SIGTERM");
  return ended;
}

test.run();
