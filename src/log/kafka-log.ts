import kafkajs, { type Admin, type Kafka, type Message, type Producer } from "kafkajs";
import { failureOf } from "../kafka/failure.ts";
import { type KafkaSettings, kafkaClient } from "../kafka/kafka-client.ts";
import { untilListed } from "../kafka/made-topic.ts";
import type { Logger } from "../telemetry/log.ts";
import type { Log, LogEntry } from "./log.ts";
import { recordBatches } from "./record-batches.ts";

export type KafkaLogOptions = {
  readonly kafka: KafkaSettings;
  readonly log: Logger;
  readonly topic: string;
  /** How long the topic keeps entries if it is made here; -1 for ever. An existing topic keeps its own settings. */
  readonly retentionMs: number;
};

/** What we ask for where the topic is made here: a source record of Kafka's usual 1 MB fits, with its reason, many times. */
const TOPIC_MAX_BYTES = 8_388_608;
/** Kafka's own default, assumed where we may not ask. */
const DEFAULT_MAX_BYTES = 1_048_588;
const PARTITION = 0;

/**
 * A topic of Kafka as a log: one partition, appended in order by an idempotent producer, durable when all in-sync
 * replicas have it. At least once: what is appended again after a failure may stand there twice.
 */
export class KafkaLog implements Log {
  readonly #kafka: Kafka;
  readonly #topic: string;
  readonly #maxBytes: number;
  #producer: Promise<Producer> | undefined;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(kafka: Kafka, topic: string, maxBytes: number) {
    this.#kafka = kafka;
    this.#topic = topic;
    this.#maxBytes = maxBytes;
  }

  /** Creates the topic if it is absent. Rejects with SOURCE_FAILED when that cannot be done (after some 20 s). */
  static async open({
    kafka: settings,
    log,
    topic,
    retentionMs,
  }: KafkaLogOptions): Promise<KafkaLog> {
    const kafka = kafkaClient(settings, log);
    const admin = kafka.admin();
    try {
      await admin.connect();
      if (!(await admin.listTopics()).includes(topic)) await create(admin, topic, retentionMs);
      return new KafkaLog(kafka, topic, await maxBytesOf(admin, topic));
    } catch (error) {
      const brokers = settings.brokers.join(", ");
      const what = `cannot open the topic "${topic}" to append to, at ${brokers} (kafka.brokers)`;
      throw failureOf(error, what);
    } finally {
      await admin.disconnect().catch(() => {});
    }
  }

  /**
   * Entries that do not fit into one record batch follow each other in several. Rejects with SOURCE_FAILED where one
   * alone is too large for the topic, which no repetition heals; with kafkajs' error where it may be called again.
   */
  append(entries: readonly LogEntry[]): Promise<void> {
    const appended = this.#last.then(() => this.#append(entries));
    this.#last = appended.catch(() => {});
    return appended;
  }

  async close(): Promise<void> {
    await this.#last;
    await this.#dropProducer();
  }

  async #append(entries: readonly LogEntry[]): Promise<void> {
    const batches = recordBatches(entries, this.#maxBytes, this.#topic);
    try {
      for (const batch of batches) {
        this.#producer ??= this.#connect();
        const messages = batch.map(messageFrom);
        await (await this.#producer).send({ topic: this.#topic, acks: -1, messages });
      }
    } catch (error) {
      // It may have been written: the same producer would give the next, other entries the same sequence
      // number, and the broker would take them for a repetition and drop them.
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

async function create(admin: Admin, topic: string, retentionMs: number): Promise<void> {
  const configEntries = [
    { name: "cleanup.policy", value: "delete" },
    { name: "retention.ms", value: `${retentionMs}` },
    { name: "max.message.bytes", value: `${TOPIC_MAX_BYTES}` },
  ];
  // Resolves with false where another process was faster: that is as good.
  await admin.createTopics({
    topics: [{ topic, numPartitions: 1, replicationFactor: -1, configEntries }],
    // kafkajs takes the first answer of a KRaft broker, that there is no such topic yet, for a failure.
    waitForLeaders: false,
  });
  await untilListed(admin, topic);
}

async function maxBytesOf(admin: Admin, topic: string): Promise<number> {
  const type = kafkajs.ConfigResourceTypes.TOPIC;
  const resource = { type, name: topic, configNames: ["max.message.bytes"] };
  const described = await admin
    .describeConfigs({ resources: [resource], includeSynonyms: false })
    .catch(() => undefined);
  return Number(described?.resources[0]?.configEntries[0]?.configValue) || DEFAULT_MAX_BYTES;
}

function messageFrom({ key, value, headers }: LogEntry): Message {
  return { key, value, headers: { ...headers }, partition: PARTITION };
}
