import { setTimeout as sleep } from "node:timers/promises";
import { type Admin, Kafka, logLevel } from "kafkajs";

const WITHIN_MS = 120_000;

type Broker = { readonly brokers: readonly string[] };

/** Waits until Debezium has made the topic, which it does with its first record. */
export async function topicExists(kafka: Broker, topic: string): Promise<void> {
  await asked(kafka, async (admin) => (await admin.listTopics()).includes(topic));
}

/** Waits until the topic holds so many records. */
export async function topicHolds(kafka: Broker, topic: string, records: number): Promise<void> {
  await asked(kafka, async (admin) => {
    const partitions = await admin.fetchTopicOffsets(topic).catch(() => []);
    return partitions.reduce((sum, { high }) => sum + Number(high), 0) >= records;
  });
}

async function asked(
  { brokers }: Broker,
  question: (admin: Admin) => Promise<boolean>,
): Promise<void> {
  const admin = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    const deadline = Date.now() + WITHIN_MS;
    while (!(await question(admin))) {
      if (Date.now() > deadline) throw new Error(`not within ${WITHIN_MS / 1_000} s`);
      await sleep(100);
    }
  } finally {
    await admin.disconnect();
  }
}
