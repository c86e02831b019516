import type { SourceRecord } from "../record.ts";
import type { Counters } from "../telemetry/counters.ts";
import type { Fill } from "../telemetry/standing.ts";
import { RecordQueue } from "./queue.ts";

export type BacklogOptions = {
  readonly limit: { readonly records: number; readonly bytes: number };
  /** The offset of the first record to take. */
  readonly next: number;
  readonly counters: Counters;
  readonly pause: () => void;
  readonly resume: () => void;
};

/** What the source gave to a task and is not processed yet. At its limit it has the partition paused. */
export class Backlog {
  readonly #options: BacklogOptions;
  readonly #queue: RecordQueue;
  #next: number;
  #isPaused = false;

  constructor(options: BacklogOptions) {
    this.#options = options;
    this.#queue = new RecordQueue(options.limit);
    this.#next = options.next;
  }

  get isEmpty(): boolean {
    return this.#queue.length === 0;
  }

  /** The next to be processed; `null` where none waits. */
  get first(): SourceRecord | null {
    return this.#queue.first;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  get fills(): { readonly queue_records: Fill; readonly queue_bytes: Fill } {
    return this.#queue.fills;
  }

  /** Takes records in, in the order of their offsets; what it had already is dropped and counted. */
  push(records: readonly SourceRecord[]): void {
    const { counters, pause } = this.#options;
    const fresh: SourceRecord[] = [];
    for (const record of records) {
      if (record.offset < this.#next) counters.add("replayed");
      else {
        fresh.push(record);
        this.#next = record.offset + 1;
      }
    }
    this.#queue.push(fresh);
    if (!this.#queue.isFull || this.#isPaused) return;
    this.#isPaused = true;
    pause();
  }

  /** Up to `count` of the first records. */
  take(count: number): readonly SourceRecord[] {
    return this.#queue.take(count);
  }

  /** Records that were taken and could not be processed yet, in their order. */
  putBack(records: readonly SourceRecord[]): void {
    this.#queue.putBack(records);
  }

  /** What was taken is processed: a paused partition goes on where there is room again. */
  resume(): void {
    if (!this.#isPaused || !this.#queue.hasRoom) return;
    this.#isPaused = false;
    this.#options.resume();
  }

  clear(): void {
    this.#queue.clear();
  }
}
