import { nameOf, recordName, type SourceRecord, type TopicPartition } from "../../data/record.ts";
import type { DeadLetter } from "../../dlq/dead-letters.ts";
import { letterOfRecord } from "../../dlq/parse-dead-letter.ts";
import type { Clock } from "../../lib/clock.ts";
import { CdcError } from "../../lib/errors.ts";
import type { Step } from "../../lib/progress-text.ts";
import { Wake } from "../../lib/signal.ts";
import type { Source } from "../../source/source.ts";

/** A log may end in records that are not shown, such as the marker of a transaction: silence of this long is the end. */
const QUIET_MS = 5_000;

/** Letters that may wait to be taken; at half of it the topic is read on. */
const MOST_WAITING = 2_000;

type Part = { readonly at: TopicPartition; readonly end: number; next: number; isPaused: boolean };

/**
 * The dead letters that a topic holds when the reading begins, from where its group has come to on. What is appended
 * meanwhile, such as a letter that fails again, is for the next time.
 */
export class TopicLetters {
  readonly #source: Source;
  readonly #clock: Clock;
  readonly #onOther: (name: string) => void;
  readonly #parts = new Map<string, Part>();
  readonly #waiting: SourceRecord[] = [];
  readonly #wake: Wake;
  #isOpen = false;
  /** Offsets that there were to read, and letters found among them. */
  #total = 0;
  #letters = 0;
  #failure: unknown = null;

  /** @param source the topic, read in a group of its own; @param onOther told of a record that is no dead letter */
  constructor(source: Source, clock: Clock, onOther: (name: string) => void) {
    this.#source = source;
    this.#clock = clock;
    this.#onOther = onOther;
    this.#wake = new Wake(clock);
  }

  async *[Symbol.asyncIterator](): AsyncIterator<DeadLetter> {
    await this.#start();
    for (let isQuiet = false; !isQuiet; ) {
      if (this.#failure !== null) throw this.#failure;
      const records = this.#waiting.splice(0);
      for (const record of records) {
        const letter = letterOfRecord(record);
        if (letter) this.#letters += 1;
        if (letter) yield letter;
        else this.#onOther(recordName(record));
      }
      this.#goOn();
      if (this.#isRead && this.#waiting.length === 0) return;
      const from = this.#clock.now();
      if (this.#waiting.length === 0) await this.#wake.wait(QUIET_MS);
      const waited = this.#clock.now() - from;
      isQuiet = this.#isOpen && this.#waiting.length === 0 && waited >= QUIET_MS;
    }
  }

  /**
   * Remembers that everything read is done: the next time begins behind it.
   * @throws CdcError SOURCE_FAILED where the group does not take it
   */
  async done(): Promise<void> {
    for (const { at, next } of this.#parts.values()) {
      const range = await this.#source.range(at);
      if (range === null || next <= (range.committed ?? range.start)) continue;
      await this.#source.commit(at, next);
      if ((await this.#source.range(at))?.committed === next) continue;
      throw new CdcError(
        "SOURCE_FAILED",
        `everything is delivered, and the group did not take that ${nameOf(at)} is done up to offset ${next}: the next redrive begins where this one began, with the same message ids`,
      );
    }
  }

  /** How far it has come; unknown until the partitions are. */
  get step(): Step | null {
    if (this.#total === 0) return null;
    const left = [...this.#parts.values()].reduce((sum, { next, end }) => sum + end - next, 0);
    const done = this.#total - left - this.#waiting.length;
    return { done, total: this.#total, counts: { "dead letters": this.#letters } };
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
      this.#wake.ring();
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
    for (const at of partitions) {
      if (this.#parts.has(nameOf(at))) continue;
      const { start, end, committed } = (await this.#source.range(at)) ?? EMPTY;
      const next = Math.max(start, committed ?? start);
      this.#parts.set(nameOf(at), { at, end, next, isPaused: false });
      if (next >= end) continue;
      this.#total += end - next;
      this.#source.seek(at, next);
      this.#source.resume(at);
    }
    this.#isOpen = true;
    this.#wake.ring();
  }

  #take(records: readonly SourceRecord[]): void {
    const [first] = records;
    const part = first && this.#parts.get(nameOf(first));
    if (!part) return;
    const wanted = records.filter(({ offset }) => offset >= part.next && offset < part.end);
    this.#waiting.push(...wanted);
    part.next = Math.max(part.next, (records.at(-1)?.offset ?? 0) + 1);
    if (part.next >= part.end || this.#waiting.length >= MOST_WAITING) {
      part.next = Math.min(part.next, part.end);
      part.isPaused = true;
      this.#source.pause(part.at);
    }
    this.#wake.ring();
  }

  #goOn(): void {
    for (const part of this.#parts.values()) {
      if (!part.isPaused || part.next >= part.end) continue;
      if (this.#waiting.length > MOST_WAITING / 2) continue;
      part.isPaused = false;
      this.#source.resume(part.at);
    }
  }
}

const EMPTY = { start: 0, end: 0, committed: null };
