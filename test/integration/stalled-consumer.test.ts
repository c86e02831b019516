import { createRequire } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { kafkaClient } from "../../src/kafka/kafka-client.ts";
import { KafkaSource } from "../../src/kafka/kafka-source.ts";
import { noopLogger } from "../../src/lib/logger.ts";
import { type Stack, startStack } from "../stack/stack.ts";

/** kafkajs' broker, so that a fetch can be made to hang as some have been seen to. */
const { prototype: broker } = createRequire(import.meta.url)("kafkajs/src/broker/index.js") as {
  readonly prototype: { fetch: (...args: unknown[]) => Promise<unknown> };
};

const TOPIC = "app.public.silent";
const RECORDS = 20;

/** The new consumer joins when the group has missed the old one: a join is no silence. */
const SESSION_TIMEOUT_MS = 6_000;
const SILENCE_MS = 10_000;

const test = suite("a consumer that falls silent");
let stack: Stack;
let source: KafkaSource;

test.before(async () => {
  stack = await startStack({ kafka: true });
});

test.after(async () => {
  await source?.stop();
  await stack?.stop();
});

test("should be replaced by one that goes on where it was, counted and logged", async () => {
  const client = kafkaClient({ brokers: stack.kafka.brokers, clientId: "setup" }, noopLogger);
  const admin = client.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic: TOPIC, numPartitions: 1 }] });
  await admin.disconnect();
  const producer = client.producer();
  await producer.connect();
  const produce = (from: number) =>
    producer.send({
      topic: TOPIC,
      messages: Array.from({ length: RECORDS }, (_, i) => ({ value: String(from + i) })),
    });

  const warnings: string[] = [];
  const offsets: number[] = [];
  source = new KafkaSource({
    kafka: { brokers: stack.kafka.brokers, clientId: "test" },
    groupId: "silent",
    topics: [TOPIC],
    sessionTimeout_ms: SESSION_TIMEOUT_MS,
    stallTimeout_ms: SILENCE_MS,
    log: { ...noopLogger, warn: (_, text) => warnings.push(text) },
  });
  const tp = { topic: TOPIC, partition: 0 };
  let isNew = true;
  await source.start({
    assigned: () => {
      if (isNew) source.seek(tp, 0);
      isNew = false;
      source.resume(tp);
    },
    records: (records) => offsets.push(...records.map(({ offset }) => offset)),
    processed: async () => {},
    ended: () => {},
    failed: (error) => warnings.push(error.message),
  });
  await produce(0);
  await until("the first records are there", () => offsets.length === RECORDS);
  await sleep(1.5 * SILENCE_MS); // an idle consumer is not a silent one
  assert.is(source.status.restarts.stalled, 0);

  const { fetch } = broker;
  let hanging = 0;
  broker.fetch = () => {
    hanging += 1;
    return new Promise(() => {});
  };
  try {
    await until("a fetch hangs", () => hanging > 0);
    await produce(RECORDS);
    await until("the watchdog has seen it", () => source.status.restarts.stalled === 1);
    assert.is(offsets.length, RECORDS);
    assert.is(source.status.isJoined, false);
  } finally {
    broker.fetch = fetch;
  }
  await until("the others are there", () => offsets.length === 2 * RECORDS);
  assert.equal(offsets, [...offsets.keys()], "each once, in their order");
  assert.equal(source.status.restarts, { crashed: 0, lost: 0, noopLogger: 1 });
  assert.is(source.status.isJoined, true);
  assert.ok(warnings.includes("the Kafka consumer was silent, a new one takes its place"));
  await producer.disconnect();
});

async function until(what: string, is: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 60_000; !is(); await sleep(50))
    if (Date.now() > deadline) throw new Error(`after 60 s still not: ${what}`);
}

test.run();
