import kafkajs, { type Admin, type Kafka, type Message, type Producer } from "kafkajs";
import type { Journal, JournalEntry } from "../journal/journal.ts";
import { systemClock } from "../lib/clock.ts";
import type { Logger } from "../lib/logger.ts";
import { SerialQueue } from "../lib/serial-queue.ts";
import { failureOf } from "./failure.ts";
import { ensureTopic, INTERNAL_TOPIC_MAX_BYTES, topicConfig } from "./internal-topic.ts";
import { type KafkaSettings, kafkaClient } from "./kafka-client.ts";
import { recordBatches } from "./record-batches.ts";

export type KafkaJournalOptions = {
  readonly kafka: KafkaSettings;
  readonly log: Logger;
  readonly topic: string;
  /** Retention of the topic if it is created here; -1 for ever. An existing topic keeps its settings. */
  readonly retentionMs: number;
};

/** Kafka's default, assumed if we may not describe the topic. */
const DEFAULT_MAX_BYTES = 1_048_588;
const PARTITION = 0;

/**
 * A journal in a Kafka topic: one partition, appended in order by an idempotent producer, durable when all in-sync
 * replicas have it. At least once: entries appended again after a failure may be in the topic twice.
 */
export class KafkaJournal implements Journal {
  readonly #kafka: Kafka;
  readonly #topic: string;
  readonly #maxBytes: number;
  #producer: Promise<Producer> | undefined;
  readonly #queue = new SerialQueue();

  private constructor(kafka: Kafka, topic: string, maxBytes: number) {
    this.#kafka = kafka;
    this.#topic = topic;
    this.#maxBytes = maxBytes;
  }

  /** Creates the topic if it does not exist. Rejects with a CdcError if that fails (after about 20 s). */
  static async open({
    kafka: settings,
    log,
    topic,
    retentionMs,
  }: KafkaJournalOptions): Promise<KafkaJournal> {
    const kafka = kafkaClient(settings, log);
    const admin = kafka.admin();
    try {
      await admin.connect();
      await ensureTopic(admin, topic, 1, {
        "cleanup.policy": "delete",
        "retention.ms": `${retentionMs}`,
        "max.message.bytes": `${INTERNAL_TOPIC_MAX_BYTES}`,
      });
      return new KafkaJournal(kafka, topic, await maxBytesOf(admin, topic));
    } catch (error) {
      const brokers = settings.brokers.join(", ");
      const what = `cannot open the topic "${topic}" at ${brokers} (kafka.brokers)`;
      throw failureOf(error, what);
    } finally {
      await admin.disconnect().catch(() => {});
    }
  }

  /**
   * Writes as many record batches as the entries need. Rejects with ENTRY_TOO_LARGE if a single entry is too large for
   * the topic, and with kafkajs' error if a retry may succeed.
   */
  append(entries: readonly JournalEntry[]): Promise<void> {
    return this.#queue.run(() => this.#append(entries));
  }

  async close(): Promise<void> {
    await this.#queue.idle();
    await this.#dropProducer();
  }

  async #append(entries: readonly JournalEntry[]): Promise<void> {
    const batches = recordBatches(entries, this.#maxBytes, this.#topic);
    try {
      for (const batch of batches) {
        this.#producer ??= this.#connect();
        const messages = batch.map(messageFrom);
        await (await this.#producer).send({ topic: this.#topic, acks: -1, messages });
      }
    } catch (error) {
      // The entries may have been written. The same producer would give other entries the same sequence number, and
      // the broker would drop them as duplicates.
      await this.#dropProducer();
      throw error;
    }
  }

  async #connect(): Promise<Producer> {
    const producer = this.#kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    });
    await producer.connect();
    return producer;
  }

  async #dropProducer(): Promise<void> {
    const producer = this.#producer;
    this.#producer = undefined;
    await producer?.then((connected) => connected.disconnect()).catch(() => {});
  }
}

async function maxBytesOf(admin: Admin, topic: string): Promise<number> {
  const config = await topicConfig(admin, topic, ["max.message.bytes"]).catch(() => undefined);
  return Number(config?.get("max.message.bytes")) || DEFAULT_MAX_BYTES;
}

function messageFrom({ key, value, headers }: JournalEntry): Message {
  return {
    key,
    value,
    headers: { ...headers },
    partition: PARTITION,
    timestamp: `${systemClock.now()}`,
  };
}
