import kafkajs, { type Kafka, type Producer } from "kafkajs";
import { partitionName, type TopicPartition } from "../../data/record.ts";
import { systemClock } from "../../lib/clock.ts";
import { CdcError } from "../../lib/errors.ts";
import { recordBatches } from "../record-batches.ts";

export type TransactionalEntry = { readonly key: Buffer; readonly value: Buffer | null };

/**
 * Kafka's errors for a producer whose transactional id another producer has taken over, or whose transaction it has
 * aborted after a minute (kafkajs' default timeout). They cannot be distinguished.
 */
const FENCED = new Set(["INVALID_PRODUCER_EPOCH", "PRODUCER_FENCED"]);

/** A transaction right after another may find it unfinished: kafkajs' default of 300 ms would be most of a checkpoint. */
const RETRY = { initialRetryTime: 20, retries: 12, maxRetryTime: 5_000 };

/**
 * Appends to one partition in transactions, so that all record batches of an append are visible or none. The
 * transactional id names the partition: opening the log fences every process that opened it before.
 */
export class TransactionalLog {
  readonly #kafka: Kafka;
  readonly #tp: TopicPartition;
  readonly #maxBytes: number;
  #producer: Producer | null = null;

  /** @param maxBytes the topic's max.message.bytes */
  constructor(kafka: Kafka, tp: TopicPartition, maxBytes: number) {
    this.#kafka = kafka;
    this.#tp = tp;
    this.#maxBytes = maxBytes;
  }

  /** Takes the partition over. Rejects with kafkajs' error if a retry may succeed. */
  async open(): Promise<void> {
    await this.close();
    const producer = this.#kafka.producer({
      transactionalId: partitionName(this.#tp),
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
      retry: RETRY,
    });
    await producer.connect();
    this.#producer = producer;
  }

  /**
   * Rejects with FENCED if another process has opened the log or Kafka has aborted the transaction, and with
   * ENTRY_TOO_LARGE. After kafkajs' other errors the entries may be written or not, and the log has to be opened again.
   * @returns the offset of the last entry
   */
  async append(entries: readonly TransactionalEntry[]): Promise<number> {
    const { topic, partition } = this.#tp;
    // Not the machine's clock, which may be changed: Kafka rejects a timestamp that is an hour ahead.
    const timestamp = `${systemClock.now()}`;
    const common = { partition, headers: {}, timestamp };
    const messages = entries.map(({ key, value }) => ({ key, value, ...common }));
    const batches = recordBatches(messages, this.#maxBytes, topic);
    try {
      if (!this.#producer) throw new Error("the log is not open");
      const transaction = await this.#producer.transaction();
      let last = -1;
      try {
        for (const batch of batches) {
          const [written] = await transaction.send({ topic, acks: -1, messages: batch });
          last = Number(written?.baseOffset) + batch.length - 1;
        }
      } catch (error) {
        await transaction.abort().catch(() => {});
        throw error;
      }
      await transaction.commit();
      return last;
    } catch (error) {
      if (!isFenced(error)) throw error;
      throw new CdcError("FENCED", `${partitionName(this.#tp)}: Kafka has fenced this process`, {
        cause: error,
      });
    }
  }

  async close(): Promise<void> {
    const producer = this.#producer;
    this.#producer = null;
    await producer?.disconnect().catch(() => {});
  }
}

function isFenced(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ("type" in cause && FENCED.has(String(cause.type))) return true;
  }
  return false;
}
