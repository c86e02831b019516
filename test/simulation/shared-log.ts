import type { SourceRecord, TopicPartition } from "../../src/data/record.ts";

export type Appended = Pick<SourceRecord, "key" | "value"> & Partial<SourceRecord>;

/** One partition of a topic on the brokers, shared by all processes; may be compacted. */
export class SharedLog {
  readonly tp: TopicPartition;
  #records: SourceRecord[] = [];
  #end = 0;
  /** Called after each append. */
  readonly readers = new Set<() => void>();

  constructor(tp: TopicPartition) {
    this.tp = tp;
  }

  /** The offset of the next record. */
  get end(): number {
    return this.#end;
  }

  /**
   * @param marker whether a transaction marker follows, which has an offset and is never read
   * @returns the offset of the last record
   */
  append(records: readonly Appended[], marker = false): number {
    for (const record of records) {
      this.#records.push({ headers: {}, timestamp: 0, ...record, ...this.tp, offset: this.#end });
      this.#end += 1;
    }
    const last = this.#end - 1;
    if (marker) this.#end += 1;
    for (const signal of this.readers) signal();
    return last;
  }

  /** Up to `count` records from `from` on. */
  read(from: number, count: number): readonly SourceRecord[] {
    const first = this.#records.findIndex(({ offset }) => offset >= from);
    return first === -1 ? [] : this.#records.slice(first, first + count);
  }

  /** Keeps the newest record of each key with its offset; removals are kept too. */
  compact(): void {
    const newest = new Map(this.#records.map((record) => [String(record.key), record]));
    this.#records = this.#records.filter((record) => newest.get(String(record.key)) === record);
  }

  /** The newest value of each key that has one. */
  contents(): Map<string, Buffer> {
    const newest = new Map<string, Buffer>();
    for (const { key, value } of this.#records) {
      if (value === null) newest.delete(String(key));
      else newest.set(String(key), value);
    }
    return newest;
  }
}
