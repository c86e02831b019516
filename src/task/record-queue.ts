import { recordBytes, type SourceRecord } from "../data/record.ts";
import type { Counters } from "../metrics/counters.ts";
import type { Usage } from "../metrics/usage.ts";
import type { SourcePartition } from "../source/source-partition.ts";

export type RecordQueueOptions = {
  readonly limit: { readonly records: number; readonly bytes: number };
  /** The offset of the first record to accept. */
  readonly next: number;
  readonly counters: Pick<Counters, "add">;
  readonly partition: Pick<SourcePartition, "pause" | "resume">;
};

/** Records received and not yet processed. At its limit it pauses the partition. */
export class RecordQueue {
  readonly #options: RecordQueueOptions;
  #records: SourceRecord[] = [];
  #bytes = 0;
  #next: number;
  #isPaused = false;

  constructor(options: RecordQueueOptions) {
    this.#options = options;
    this.#next = options.next;
  }

  get isEmpty(): boolean {
    return this.#records.length === 0;
  }

  /** The next record to process; `null` if the queue is empty. */
  get first(): SourceRecord | null {
    return this.#records[0] ?? null;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  get usage(): { readonly queue_records: Usage; readonly queue_bytes: Usage } {
    const { records, bytes } = this.#options.limit;
    return {
      queue_records: { used: this.#records.length, limit: records },
      queue_bytes: { used: this.#bytes, limit: bytes },
    };
  }

  /**
   * Adds records in the order of their offsets; duplicates are dropped and counted. At the limit the partition is
   * paused, and records that arrive after that are still added.
   */
  push(records: readonly SourceRecord[]): void {
    const { counters, partition } = this.#options;
    for (const record of records) {
      if (record.offset < this.#next) {
        counters.add("duplicates");
        continue;
      }
      this.#records.push(record);
      this.#bytes += recordBytes(record);
      this.#next = record.offset + 1;
    }
    if (this.#isPaused || !this.#isFull) return;
    this.#isPaused = true;
    partition.pause();
  }

  /** Removes up to `count` records from the front. */
  take(count: number): readonly SourceRecord[] {
    const taken = this.#records.splice(0, count);
    for (const record of taken) this.#bytes -= recordBytes(record);
    return taken;
  }

  /** Returns records to the front that could not be processed yet. */
  putBack(records: readonly SourceRecord[]): void {
    this.#records = [...records, ...this.#records];
    for (const record of records) this.#bytes += recordBytes(record);
  }

  /** Resumes a paused partition if there is room. */
  resume(): void {
    if (!this.#isPaused || !this.#hasSpace) return;
    this.#isPaused = false;
    this.#options.partition.resume();
  }

  clear(): void {
    this.#records = [];
    this.#bytes = 0;
  }

  get #isFull(): boolean {
    const { records, bytes } = this.#options.limit;
    return this.#records.length >= records || this.#bytes >= bytes;
  }

  /** Half empty: a smaller margin would let the next fetch pause the partition again. */
  get #hasSpace(): boolean {
    const { records, bytes } = this.#options.limit;
    return this.#records.length <= records / 2 && this.#bytes <= bytes / 2;
  }
}
