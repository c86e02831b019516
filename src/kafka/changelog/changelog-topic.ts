import type { Admin, Kafka } from "kafkajs";
import { CdcError } from "../../lib/errors.ts";
import { ensureTopic, INTERNAL_TOPIC_MAX_BYTES, topicConfig } from "../internal-topic.ts";

const CONFIG = {
  "cleanup.policy": "compact",
  "max.message.bytes": `${INTERNAL_TOPIC_MAX_BYTES}`,
  // Kafka compacts only closed segments: with the default of 1 GB, a restore would read every version of a row.
  "segment.bytes": "104857600",
};

export function changelogTopicOf(pipeline: string, sourceTopic: string): string {
  return `${pipeline}.${sourceTopic}.changelog`;
}

/** The changelog topic as found or created. */
export type ChangelogTopic = {
  readonly maxBytes: number;
  readonly partitions: number;
  /** Partitions that were added to an existing topic. */
  readonly added: readonly number[];
  /** Replicas of the changelog and of its source topic. */
  readonly replicas: number;
  readonly sourceReplicas: number;
};

/**
 * Creates the changelog of a source topic, or adds the partitions that it lacks.
 * Rejects with CHANGELOG_UNFIT if an existing topic is not compacted.
 */
export async function ensureChangelogTopic(
  kafka: Kafka,
  topic: string,
  sourceTopic: string,
): Promise<ChangelogTopic> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    const { partitions: wanted, replicas: sourceReplicas } = await describe(admin, sourceTopic);
    await ensureTopic(admin, topic, wanted, CONFIG);
    const maxBytes = await checkedMaxBytes(admin, topic);
    const { partitions, replicas } = await describe(admin, topic);
    const added = await addPartitions(admin, topic, partitions, wanted);
    return { maxBytes, partitions: wanted, added, replicas, sourceReplicas };
  } finally {
    await admin.disconnect().catch(() => {});
  }
}

async function addPartitions(
  admin: Admin,
  topic: string,
  found: number,
  wanted: number,
): Promise<number[]> {
  if (found >= wanted) return [];
  await admin.createPartitions({ topicPartitions: [{ topic, count: wanted }] });
  return Array.from({ length: wanted - found }, (_, i) => found + i);
}

async function describe(
  admin: Admin,
  topic: string,
): Promise<{ partitions: number; replicas: number }> {
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
  const partitions = topics[0]?.partitions ?? [];
  const replicas = Math.min(...partitions.map((partition) => partition.replicas.length));
  return { partitions: partitions.length, replicas };
}

async function checkedMaxBytes(admin: Admin, topic: string): Promise<number> {
  const values = await topicConfig(admin, topic, ["cleanup.policy", "max.message.bytes"]);
  const policy = values.get("cleanup.policy");
  if (policy !== "compact") {
    throw new CdcError(
      "CHANGELOG_UNFIT",
      `the changelog ${topic} has cleanup.policy=${policy}, which would delete rows that still exist: set it to compact`,
    );
  }
  return Number(values.get("max.message.bytes"));
}
