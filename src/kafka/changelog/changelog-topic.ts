import type { Admin, Kafka } from "kafkajs";
import { CdcError } from "../../lib/errors.ts";
import { ensureTopic, OWN_TOPIC_MAX_BYTES, topicConfig } from "../internal-topic.ts";

const CONFIG = {
  "cleanup.policy": "compact",
  "max.message.bytes": `${OWN_TOPIC_MAX_BYTES}`,
  // Only closed segments are compacted: with Kafka's 1 GB a restore would read every version of a row.
  "segment.bytes": "104857600",
};

/** @param pipeline its name */
export function changelogTopicOf(pipeline: string, sourceTopic: string): string {
  return `${pipeline}.${sourceTopic}.changelog`;
}

/** What was found, or made. */
export type ChangelogTopic = {
  readonly maxBytes: number;
  readonly partitions: number;
  /** Partitions that were made just now, beside others that were there. */
  readonly added: readonly number[];
  /** Of the changelog and of its source topic. */
  readonly replicas: number;
  readonly sourceReplicas: number;
};

/**
 * Has the changelog of a source topic, with a partition for each of its own.
 * Rejects with CHANGELOG_UNFIT where an existing one would lose or mix what it is given.
 */
export async function ensureChangelogTopic(
  kafka: Kafka,
  topic: string,
  sourceTopic: string,
): Promise<ChangelogTopic> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    const { partitions: wanted, replicas: sourceReplicas } = await shapeOf(admin, sourceTopic);
    await ensureTopic(admin, topic, wanted, CONFIG);
    const maxBytes = await check(admin, topic);
    const { partitions, replicas } = await shapeOf(admin, topic);
    const added = await grow(admin, topic, partitions, wanted);
    return { maxBytes, partitions: wanted, added, replicas, sourceReplicas };
  } finally {
    await admin.disconnect().catch(() => {});
  }
}

async function grow(admin: Admin, topic: string, found: number, wanted: number): Promise<number[]> {
  if (found >= wanted) return [];
  await admin.createPartitions({ topicPartitions: [{ topic, count: wanted }] });
  return Array.from({ length: wanted - found }, (_, i) => found + i);
}

async function shapeOf(
  admin: Admin,
  topic: string,
): Promise<{ partitions: number; replicas: number }> {
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
  const partitions = topics[0]?.partitions ?? [];
  const replicas = Math.min(...partitions.map((partition) => partition.replicas.length));
  return { partitions: partitions.length, replicas };
}

async function check(admin: Admin, topic: string): Promise<number> {
  const values = await topicConfig(admin, topic, ["cleanup.policy", "max.message.bytes"]);
  const policy = values.get("cleanup.policy");
  if (policy !== "compact") {
    throw new CdcError(
      "CHANGELOG_UNFIT",
      `the changelog ${topic} has cleanup.policy=${policy}, which would drop rows that are still there: set it to compact`,
    );
  }
  return Number(values.get("max.message.bytes"));
}
