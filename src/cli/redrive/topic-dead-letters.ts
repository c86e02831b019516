import {
  partitionName,
  recordName,
  type SourceRecord,
  type TopicPartition,
} from "../../data/record.ts";
import type { DeadLetter } from "../../dlq/dead-letters.ts";
import { deadLetterOfRecord } from "../../dlq/parse-dead-letter.ts";
import type { Clock } from "../../lib/clock.ts";
import { CdcError } from "../../lib/errors.ts";
import type { Step } from "../../lib/progress-text.ts";
import { Signal } from "../../lib/signal.ts";
import type { Source } from "../../source/source.ts";

/** A log may end in records that are not shown, such as the marker of a transaction: silence of this long is the end. */
const QUIET_MS = 5_000;

/** Letters that may wait to be taken; at half of it the topic is read on. */
const MOST_WAITING = 2_000;

type Part = { readonly tp: TopicPartition; readonly end: number; next: number; isPaused: boolean };

/**
 * The dead letters that a topic holds when the reading begins, from where its group has come to on. What is appended
 * meanwhile, such as a letter that fails again, is for the next time.
 */
export class TopicDeadLetters {
  readonly #source: Source;
  readonly #clock: Clock;
  readonly #onOther: (name: string) => void;
  readonly #parts = new Map<string, Part>();
  readonly #waiting: SourceRecord[] = [];
  readonly #signal: Signal;
  #isOpen = false;
  /** Offsets that there were to read, and letters found among them. */
  #total = 0;
  #deadLetters = 0;
  #failure: unknown = null;

  /** @param source the topic, read in a group of its own; @param onOther told of a record that is no dead letter */
  constructor(source: Source, clock: Clock, onOther: (name: string) => void) {
    this.#source = source;
    this.#clock = clock;
    this.#onOther = onOther;
    this.#signal = new Signal(clock);
  }

  async *[Symbol.asyncIterator](): AsyncIterator<DeadLetter> {
    await this.#start();
    for (let isQuiet = false; !isQuiet; ) {
      if (this.#failure !== null) throw this.#failure;
      const records = this.#waiting.splice(0);
      for (const record of records) {
        const deadLetter = deadLetterOfRecord(record);
        if (deadLetter) this.#deadLetters += 1;
        if (deadLetter) yield deadLetter;
        else this.#onOther(recordName(record));
      }
      this.#goOn();
      if (this.#isRead && this.#waiting.length === 0) return;
      const from = this.#clock.now();
      if (this.#waiting.length === 0) await this.#signal.wait(QUIET_MS);
      const waited = this.#clock.now() - from;
      isQuiet = this.#isOpen && this.#waiting.length === 0 && waited >= QUIET_MS;
    }
  }

  /**
   * Remembers that everything read is done: the next time begins behind it.
   * @throws CdcError COMMIT_FAILED where the group does not take it
   */
  async done(): Promise<void> {
    for (const { tp, next } of this.#parts.values()) {
      const range = await this.#source.range(tp);
      if (range === null || next <= (range.committed ?? range.start)) continue;
      await this.#source.commit(tp, next);
      if ((await this.#source.range(tp))?.committed === next) continue;
      throw new CdcError(
        "COMMIT_FAILED",
        `everything is delivered, and the group did not take that ${partitionName(tp)} is done up to offset ${next}: the next redrive begins where this one began, with the same message ids`,
      );
    }
  }

  /** How far it has come; unknown until the partitions are. */
  get step(): Step | null {
    if (this.#total === 0) return null;
    const left = [...this.#parts.values()].reduce((sum, { next, end }) => sum + end - next, 0);
    const done = this.#total - left - this.#waiting.length;
    return { done, total: this.#total, counts: { "dead letters": this.#deadLetters } };
  }

  stop(): Promise<void> {
    return this.#source.stop();
  }

  get #isRead(): boolean {
    return this.#isOpen && [...this.#parts.values()].every(({ next, end }) => next >= end);
  }

  async #start(): Promise<void> {
    const fail = (error: unknown) => {
      this.#failure ??= error;
      this.#signal.notify();
    };
    await this.#source.start({
      assigned: (partitions) => void this.#begin(partitions).catch(fail),
      records: (records) => this.#take(records),
      processed: async () => {},
      ended: () => {},
      failed: fail,
    });
  }

  /** Only once: a partition that comes back in a later join goes on where it was. */
  async #begin(partitions: readonly TopicPartition[]): Promise<void> {
    for (const tp of partitions) {
      if (this.#parts.has(partitionName(tp))) continue;
      const { start, end, committed } = (await this.#source.range(tp)) ?? EMPTY;
      const next = Math.max(start, committed ?? start);
      this.#parts.set(partitionName(tp), { tp, end, next, isPaused: false });
      if (next >= end) continue;
      this.#total += end - next;
      this.#source.seek(tp, next);
      this.#source.resume(tp);
    }
    this.#isOpen = true;
    this.#signal.notify();
  }

  #take(records: readonly SourceRecord[]): void {
    const [first] = records;
    const part = first && this.#parts.get(partitionName(first));
    if (!part) return;
    const wanted = records.filter(({ offset }) => offset >= part.next && offset < part.end);
    this.#waiting.push(...wanted);
    part.next = Math.max(part.next, (records.at(-1)?.offset ?? 0) + 1);
    if (part.next >= part.end || this.#waiting.length >= MOST_WAITING) {
      part.next = Math.min(part.next, part.end);
      part.isPaused = true;
      this.#source.pause(part.tp);
    }
    this.#signal.notify();
  }

  #goOn(): void {
    for (const part of this.#parts.values()) {
      if (!part.isPaused || part.next >= part.end) continue;
      if (this.#waiting.length > MOST_WAITING / 2) continue;
      part.isPaused = false;
      this.#source.resume(part.tp);
    }
  }
}

const EMPTY = { start: 0, end: 0, committed: null };
