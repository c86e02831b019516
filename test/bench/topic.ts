import kafkajs from "kafkajs";
import { kafkaClient } from "../../src/kafka/kafka-client.ts";
import { noopLogger } from "../../src/lib/logger.ts";
import { type FeedChange, type FeedOptions, feed, HEADERS, PARTITIONS } from "./feed.ts";
import type { FeedRecord, Format } from "./format.ts";

/** For each partition: whatever the format, a fetch finds batches of the same size. Below a broker's limit of 1 MB. */
const BYTES_A_BATCH = 350_000;

/** Of one request to the broker. */
const BYTES_A_SEND = 1_400_000;

/** A topic's name, and what its records look like. */
type Filled = Pick<Format, "topic" | "recordOf">;

/** Makes the format's topic and fills it with the feed. */
export async function produceToTopic(
  brokers: readonly string[],
  format: Filled,
  options: FeedOptions,
): Promise<void> {
  await makeTopic(brokers, format.topic, PARTITIONS);
  await append(brokers, format, feed(options), PARTITIONS);
}

export async function makeTopic(
  brokers: readonly string[],
  topic: string,
  numPartitions: number,
): Promise<void> {
  const admin = clientOf(brokers).admin();
  await admin.connect();
  // The feed's timestamps lie long ago: the broker's own retention would remove it within a minute.
  const configEntries = [{ name: "retention.ms", value: "-1" }];
  await admin.createTopics({ topics: [{ topic, numPartitions, configEntries }] });
  await admin.disconnect();
}

/** Makes room on the disk. */
export async function deleteTopics(brokers: readonly string[], topics: string[]): Promise<void> {
  const admin = clientOf(brokers).admin();
  await admin.connect();
  await admin.deleteTopics({ topics });
  await admin.disconnect();
}

/** Appends the changes to the topic, and returns what their generator does. */
export async function append<T>(
  brokers: readonly string[],
  { topic, recordOf }: Filled,
  changes: Generator<FeedChange, T>,
  partitions: number,
): Promise<T> {
  const producer = await startProducer(brokers);
  const most = Math.min(BYTES_A_SEND, partitions * BYTES_A_BATCH);
  let messages: kafkajs.Message[] = [];
  let bytes = 0;
  const send = () => producer.send({ topic, messages, acks: -1 });
  let next = changes.next();
  for (; !next.done; next = changes.next()) {
    const record = recordOf(next.value);
    messages.push(messageOf(record));
    bytes += record.value.length;
    if (bytes < most) continue;
    await send();
    messages = [];
    bytes = 0;
  }
  if (messages.length > 0) await send();
  await producer.disconnect();
  return next.value;
}

/** Keeps the order of what it is given. */
export async function startProducer(brokers: readonly string[]): Promise<kafkajs.Producer> {
  const producer = clientOf(brokers).producer({
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    maxInFlightRequests: 1,
    idempotent: true,
  });
  await producer.connect();
  return producer;
}

/** The record as a producer sends it. */
export function messageOf({ partition, key, value, timestamp }: FeedRecord): kafkajs.Message {
  return { partition, key, value, timestamp: `${timestamp}`, headers: HEADERS };
}

function clientOf(brokers: readonly string[]): kafkajs.Kafka {
  return kafkaClient({ brokers, clientId: "bench-feed" }, noopLogger);
}
