import kafkajs, { type Admin, type Kafka, type Message, type Producer } from "kafkajs";
import { systemClock } from "../clock.ts";
import { CdcError } from "../errors.ts";
import { failureOf } from "../kafka/failure.ts";
import { type KafkaSettings, kafkaClient } from "../kafka/kafka-client.ts";
import type { Logger } from "../telemetry/log.ts";
import type { Log, LogEntry } from "./log.ts";

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
/** The head of a record batch, and of each record and header, at most. */
const BATCH_BYTES = 70;
const RECORD_BYTES = 40;
const HEADER_BYTES = 10;

const PARTITION = 0;

/** A topic that was made is listed within ten seconds, or something is wrong. */
const LISTED_TRIES = 100;
const LISTED_EVERY_MS = 100;

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
    const batches = cut(entries, this.#maxBytes - BATCH_BYTES, this.#topic);
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

/** A broker that made a topic may need a moment to know it. */
async function untilListed(admin: Admin, topic: string): Promise<void> {
  for (let tries = 0; tries < LISTED_TRIES; tries += 1) {
    if ((await admin.listTopics()).includes(topic)) return;
    await systemClock.sleep(LISTED_EVERY_MS);
  }
  throw new CdcError("SOURCE_FAILED", "the topic was made, and the brokers do not list it");
}

async function maxBytesOf(admin: Admin, topic: string): Promise<number> {
  const type = kafkajs.ConfigResourceTypes.TOPIC;
  const resource = { type, name: topic, configNames: ["max.message.bytes"] };
  const described = await admin
    .describeConfigs({ resources: [resource], includeSynonyms: false })
    .catch(() => undefined);
  return Number(described?.resources[0]?.configEntries[0]?.configValue) || DEFAULT_MAX_BYTES;
}

/** Entries in order, in runs of at most `limit` bytes each. */
function cut(entries: readonly LogEntry[], limit: number, topic: string): LogEntry[][] {
  const runs: LogEntry[][] = [];
  let room = 0;
  for (const entry of entries) {
    const bytes = bytesOf(entry);
    if (bytes > limit) {
      const text = `an entry of ${bytes} bytes does not fit into the topic "${topic}": raise its max.message.bytes (now about ${limit})`;
      throw new CdcError("SOURCE_FAILED", text);
    }
    if (bytes > room) {
      runs.push([]);
      room = limit;
    }
    runs.at(-1)?.push(entry);
    room -= bytes;
  }
  return runs;
}

function bytesOf({ key, value, headers }: LogEntry): number {
  let bytes = RECORD_BYTES + (key?.length ?? 0) + (value?.length ?? 0);
  for (const [name, held] of Object.entries(headers))
    bytes += HEADER_BYTES + Buffer.byteLength(name) + Buffer.byteLength(held);
  return bytes;
}

function messageFrom({ key, value, headers }: LogEntry): Message {
  return { key, value, headers: { ...headers }, partition: PARTITION };
}
