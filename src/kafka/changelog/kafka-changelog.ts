import type { Kafka } from "kafkajs";
import type { TopicPartition } from "../../data/record.ts";
import { parseTopicPattern } from "../../data/topic-pattern.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Logger } from "../../lib/logger.ts";
import { PartitionReader } from "../../source/partition-reader.ts";
import type { Changelog, OwnedChangelog } from "../../state/changelog.ts";
import { type KafkaSettings, kafkaClient } from "../kafka-client.ts";
import { KafkaSource } from "../kafka-source.ts";
import { changelogTopicOf, ensureChangelogTopic } from "./changelog-topic.ts";
import { ADDED, KafkaOwnedChangelog } from "./owned-changelog.ts";
import { TransactionalLog } from "./transactional-log.ts";

export type KafkaChangelogOptions = {
  readonly kafka: KafkaSettings;
  /** The pipeline's name: changelogs are named `<name>.<source topic>.changelog`. */
  readonly name: string;
  readonly groupId: string;
  readonly clock: Clock;
  readonly logger: Logger;
};

/** A changelog topic and its reader. */
type Topic = {
  readonly partitions: number;
  readonly maxBytes: number;
  readonly source: KafkaSource;
  readonly reader: PartitionReader;
};

/** One compacted topic for each source topic. Each partition accepts writes of its present owner only. */
export class KafkaChangelog implements Changelog {
  readonly #options: KafkaChangelogOptions;
  readonly #client: Kafka;
  readonly #topics = new Map<string, Promise<Topic>>();
  readonly #readers: PartitionReader[] = [];

  constructor(options: KafkaChangelogOptions) {
    this.#options = options;
    this.#client = kafkaClient(options.kafka, options.logger);
  }

  async own({ topic: sourceTopic, partition }: TopicPartition): Promise<OwnedChangelog> {
    const { name, clock, logger } = this.#options;
    const tp = { topic: changelogTopicOf(name, sourceTopic), partition };
    const { maxBytes, reader, source } = await this.#topic(tp, sourceTopic);
    const log = new TransactionalLog(this.#client, tp, maxBytes);
    const { start } = await source.range(tp);
    return KafkaOwnedChangelog.take({ tp, log, reader, start, clock, logger });
  }

  async close(): Promise<void> {
    await Promise.all(this.#readers.map((reader) => reader.close()));
  }

  /** Resolved once for each topic, and again after a failure or when the source has more partitions. */
  #topic({ topic, partition }: TopicPartition, sourceTopic: string): Promise<Topic> {
    const ensure = () => this.#ensure(topic, sourceTopic);
    const known = this.#topics.get(topic);
    const resolved = known
      ? known.then((found) => (found.partitions > partition ? found : ensure()), ensure)
      : ensure();
    this.#topics.set(topic, resolved);
    return resolved;
  }

  async #ensure(topic: string, sourceTopic: string): Promise<Topic> {
    const { kafka, groupId, clock, logger } = this.#options;
    const { added, ...found } = await ensureChangelogTopic(this.#client, topic, sourceTopic);
    const { replicas, sourceReplicas } = found;
    if (replicas < sourceReplicas)
      logger.warn(
        { topic, replicas, sourceReplicas },
        "changelog has fewer replicas than its source topic",
      );
    // Marks the new partitions for their tasks, in whichever process: rows there are not initial results.
    for (const partition of added) {
      const log = new TransactionalLog(this.#client, { topic, partition }, found.maxBytes);
      await log.open();
      await log.append([{ key: ADDED, value: Buffer.from("added") }]);
      await log.close();
    }
    const source = new KafkaSource({
      kafka,
      groupId: `${groupId}.changelog`,
      isAlone: true,
      topics: [parseTopicPattern(topic)],
      log: logger,
    });
    // Earlier readers continue; this one also has the added partitions.
    const reader = new PartitionReader(source, clock);
    this.#readers.push(reader);
    return { ...found, source, reader };
  }
}
