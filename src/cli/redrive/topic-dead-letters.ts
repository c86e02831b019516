import { partitionName, recordName, type TopicPartition } from "../../data/record.ts";
import type { DeadLetter } from "../../dlq/dead-letters.ts";
import { deadLetterOfRecord } from "../../dlq/parse-dead-letter.ts";
import type { Clock } from "../../lib/clock.ts";
import { CdcError } from "../../lib/errors.ts";
import type { Step } from "../../lib/progress-text.ts";
import { PartitionReader } from "../../source/partition-reader.ts";
import type { Source } from "../../source/source.ts";

/** A log may end in offsets without a record, such as transaction markers: the end is also when nothing arrives for so long. */
const IDLE_MS = 5_000;

/** The part of a partition that is read; `next` moves with the records. */
type Part = { readonly tp: TopicPartition; readonly end: number; next: number };

/**
 * The dead letters in a topic when the reading begins, from the offset that the group has committed. Dead letters that
 * are appended meanwhile, such as one that fails again, are for the next redrive.
 */
export class TopicDeadLetters {
  readonly #source: Source;
  readonly #reader: PartitionReader;
  readonly #onOther: (name: string) => void;
  readonly #parts: Part[] = [];
  /** Offsets to read, and dead letters found among them. */
  #total = 0;
  #deadLetters = 0;

  /**
   * @param source the topic, read in a group of its own
   * @param onOther called with the name of a record that is no dead letter
   */
  constructor(source: Source, clock: Clock, onOther: (name: string) => void) {
    this.#source = source;
    this.#reader = new PartitionReader(source, clock);
    this.#onOther = onOther;
  }

  async *[Symbol.asyncIterator](): AsyncIterator<DeadLetter> {
    for (const tp of await this.#reader.partitions()) this.#parts.push(await this.#partOf(tp));
    this.#total = this.#parts.reduce((sum, { next, end }) => sum + Math.max(0, end - next), 0);
    for (const part of this.#parts) {
      for await (const records of this.#reader.read(part.tp, part.next, part.end, IDLE_MS)) {
        for (const record of records) {
          part.next = record.offset + 1;
          const deadLetter = deadLetterOfRecord(record);
          if (deadLetter) this.#deadLetters += 1;
          if (deadLetter) yield deadLetter;
          else this.#onOther(recordName(record));
        }
      }
    }
  }

  /**
   * Commits the offsets, so that the next redrive continues after them.
   * @throws CdcError COMMIT_FAILED where the group does not accept the commit
   */
  async commit(): Promise<void> {
    for (const { tp, next } of this.#parts) {
      const range = await this.#source.range(tp);
      if (range === null || next <= (range.committed ?? range.start)) continue;
      await this.#source.commit(tp, next);
      if ((await this.#source.range(tp))?.committed === next) continue;
      throw new CdcError(
        "COMMIT_FAILED",
        `all dead letters are delivered, but the group did not accept offset ${next} of ${partitionName(tp)}: the next redrive starts where this one started and sends the same messages with the same ids`,
      );
    }
  }

  /** How far the reading has come; unknown before the partitions are assigned. */
  get step(): Step | null {
    if (this.#total === 0) return null;
    const left = this.#parts.reduce((sum, { next, end }) => sum + Math.max(0, end - next), 0);
    const counts = { "dead letters": this.#deadLetters };
    return { done: this.#total - left, total: this.#total, counts };
  }

  stop(): Promise<void> {
    return this.#reader.close();
  }

  async #partOf(tp: TopicPartition): Promise<Part> {
    const { start, end, committed } = (await this.#source.range(tp)) ?? EMPTY;
    return { tp, end, next: Math.max(start, committed ?? start) };
  }
}

const EMPTY = { start: 0, end: 0, committed: null };
