import kafkajs from "kafkajs";
import { kafkaClient } from "../../src/kafka/kafka-client.ts";
import { silent } from "../../src/telemetry/log.ts";
import { type FeedOptions, feed, HEADERS, PARTITIONS } from "./feed.ts";
import type { FeedRecord, Format } from "./format.ts";

/** 350 kB for each of the partitions: whatever the format, a fetch finds batches of the same size. */
const BYTES_A_SEND = 1_400_000;

/** Makes the format's topic and fills it with the feed. */
export async function fillTopic(
  brokers: readonly string[],
  { topic, recordOf }: Format,
  options: FeedOptions,
): Promise<void> {
  const kafka = kafkaClient({ brokers, clientId: "bench-feed" }, silent);
  const admin = kafka.admin();
  await admin.connect();
  // The feed's timestamps lie long ago: the broker's own retention would remove it within a minute.
  const configEntries = [{ name: "retention.ms", value: "-1" }];
  await admin.createTopics({
    topics: [{ topic, numPartitions: PARTITIONS, configEntries }],
  });
  await admin.disconnect();

  const producer = kafka.producer({
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    maxInFlightRequests: 1,
    idempotent: true,
  });
  await producer.connect();
  let messages: kafkajs.Message[] = [];
  let bytes = 0;
  const send = () => producer.send({ topic, messages, acks: -1 });
  for (const change of feed(options)) {
    const record = recordOf(change);
    messages.push(messageOf(record));
    bytes += record.value.length;
    if (bytes < BYTES_A_SEND) continue;
    await send();
    messages = [];
    bytes = 0;
  }
  if (messages.length > 0) await send();
  await producer.disconnect();
}

function messageOf({ partition, key, value, timestamp }: FeedRecord): kafkajs.Message {
  return { partition, key, value, timestamp: `${timestamp}`, headers: HEADERS };
}
