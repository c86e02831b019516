import kafkajs from "kafkajs";
import { kafkaClient } from "../../src/kafka/kafka-client.ts";
import { silent } from "../../src/telemetry/log.ts";
import { type FeedOptions, type FeedRecord, feed, HEADERS, PARTITIONS, TOPIC } from "./feed.ts";

const RECORDS_A_SEND = 2_000;

/** Makes the topic and fills it with the feed. */
export async function fillTopic(brokers: readonly string[], options: FeedOptions): Promise<void> {
  const kafka = kafkaClient({ brokers, clientId: "bench-feed" }, silent);
  const admin = kafka.admin();
  await admin.connect();
  // The feed's timestamps lie long ago: the broker's own retention would remove it within a minute.
  const configEntries = [{ name: "retention.ms", value: "-1" }];
  await admin.createTopics({
    topics: [{ topic: TOPIC, numPartitions: PARTITIONS, configEntries }],
  });
  await admin.disconnect();

  const producer = kafka.producer({
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    maxInFlightRequests: 1,
    idempotent: true,
  });
  await producer.connect();
  let messages: kafkajs.Message[] = [];
  const send = () => producer.send({ topic: TOPIC, messages, acks: -1 });
  for (const record of feed(options)) {
    messages.push(messageOf(record));
    if (messages.length < RECORDS_A_SEND) continue;
    await send();
    messages = [];
  }
  if (messages.length > 0) await send();
  await producer.disconnect();
}

function messageOf({ partition, key, value, timestamp }: FeedRecord): kafkajs.Message {
  return { partition, key, value, timestamp: `${timestamp}`, headers: HEADERS };
}
