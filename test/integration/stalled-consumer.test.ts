import { createRequire } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { kafkaClient } from "../../src/kafka/kafka-client.ts";
import { KafkaSource } from "../../src/kafka/kafka-source.ts";
import { noopLogger } from "../../src/lib/logger.ts";
import { type Stack, startStack } from "../stack/stack.ts";

/** kafkajs' broker: the test replaces its `fetch` by one that never settles, which has been observed. */
const { prototype: broker } = createRequire(import.meta.url)("kafkajs/src/broker/index.js") as {
  readonly prototype: { fetch: (...args: unknown[]) => Promise<unknown> };
};

const TOPIC = "app.public.stalled";
const RECORDS = 20;

/** The new consumer can join after the session of the old one. A join is no stall. */
const SESSION_TIMEOUT_MS = 6_000;
const STALL_TIMEOUT_MS = 10_000;

const test = suite("a consumer that stalls");
let stack: Stack;
let source: KafkaSource;

test.before(async () => {
  stack = await startStack({ kafka: true });
});

test.after(async () => {
  await source?.stop();
  await stack?.stop();
});

test("should be replaced by one that continues at its offset, counted and logged", async () => {
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
    groupId: "stalled",
    topics: [TOPIC],
    sessionTimeout_ms: SESSION_TIMEOUT_MS,
    stallTimeout_ms: STALL_TIMEOUT_MS,
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
  await sleep(1.5 * STALL_TIMEOUT_MS); // an idle consumer has not stalled
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
    await until("the stall is detected", () => source.status.restarts.stalled === 1);
    assert.is(offsets.length, RECORDS);
    assert.is(source.status.isJoined, false);
  } finally {
    broker.fetch = fetch;
  }
  await until("the others are there", () => offsets.length === 2 * RECORDS);
  assert.equal(offsets, [...offsets.keys()], "each once, in their order");
  assert.equal(source.status.restarts, { crashed: 0, lost: 0, stalled: 1 });
  assert.is(source.status.isJoined, true);
  assert.ok(warnings.includes("consumer stalled; restarting"));
  await producer.disconnect();
});

async function until(what: string, is: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 60_000; !is(); await sleep(50))
    if (Date.now() > deadline) throw new Error(`after 60 s still not: ${what}`);
}

test.run();
