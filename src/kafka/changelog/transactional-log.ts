import kafkajs, { type Kafka, type Producer } from "kafkajs";
import { partitionName, type TopicPartition } from "../../data/record.ts";
import { systemClock } from "../../lib/clock.ts";
import { CdcError } from "../../lib/errors.ts";
import { recordBatches } from "../record-batches.ts";

export type TransactionalEntry = { readonly key: Buffer; readonly value: Buffer | null };

/**
 * What Kafka says to a producer after whose transactional id another has asked, or whose transaction it has given up
 * after a minute (kafkajs' usual timeout): the two cannot be told apart.
 */
const FENCED = new Set(["INVALID_PRODUCER_EPOCH", "PRODUCER_FENCED"]);

/** A transaction right after another may find it unfinished: kafkajs' usual 300 ms would be most of a checkpoint. */
const RETRY = { initialRetryTime: 20, retries: 12, maxRetryTime: 5_000 };

/**
 * Appends to one partition in transactions, so that several record batches are there whole or not at all. Its
 * transactional id is the partition's: whoever opens one fences all who did before.
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

  /** Takes the partition over. Rejects with kafkajs' error where it may be tried again. */
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
   * @returns the offset of the last entry
   * Rejects with FENCED where another has opened it, or Kafka gave a transaction of it up; with ENTRY_TOO_LARGE where an entry is too large; with kafkajs' error
   * otherwise: the entries may be there or not, and it has to be opened again.
   */
  async append(entries: readonly TransactionalEntry[]): Promise<number> {
    const { topic, partition } = this.#tp;
    // Counted, as all time here: Kafka refuses what is an hour ahead of it, and the machine's clock may be set.
    const timestamp = `${systemClock.now()}`;
    const about = { partition, headers: {}, timestamp };
    const messages = entries.map(({ key, value }) => ({ key, value, ...about }));
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
      throw new CdcError(
        "FENCED",
        `${partitionName(this.#tp)}: Kafka takes no more of this process`,
        {
          cause: error,
        },
      );
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
