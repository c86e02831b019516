import { type SourceRecord, sizeOf } from "../record.ts";
import type { Fill } from "../telemetry/standing.ts";

/** Records of one partition that wait to be processed, bounded by number and by bytes. */
export class RecordQueue {
  readonly #limit: { readonly records: number; readonly bytes: number };
  #records: SourceRecord[] = [];
  #bytes = 0;

  constructor(limit: { readonly records: number; readonly bytes: number }) {
    this.#limit = limit;
  }

  get length(): number {
    return this.#records.length;
  }

  /** The next to be processed; `null` where none waits. */
  get first(): SourceRecord | null {
    return this.#records[0] ?? null;
  }

  get fills(): { readonly queue_records: Fill; readonly queue_bytes: Fill } {
    const { records, bytes } = this.#limit;
    return {
      queue_records: { now: this.#records.length, limit: records },
      queue_bytes: { now: this.#bytes, limit: bytes },
    };
  }

  /** At its limit: the partition has to be paused. What is already on its way is still taken. */
  get isFull(): boolean {
    return this.#records.length >= this.#limit.records || this.#bytes >= this.#limit.bytes;
  }

  /** Half empty again: the partition may go on. Not at once, or it would be paused again with the next fetch. */
  get hasRoom(): boolean {
    return this.#records.length <= this.#limit.records / 2 && this.#bytes <= this.#limit.bytes / 2;
  }

  push(records: readonly SourceRecord[]): void {
    for (const record of records) {
      this.#records.push(record);
      this.#bytes += sizeOf(record);
    }
  }

  /** Takes up to `count` of the first records. */
  take(count: number): readonly SourceRecord[] {
    const taken = this.#records.splice(0, count);
    for (const record of taken) this.#bytes -= sizeOf(record);
    return taken;
  }

  /** Puts records back in front, in their order. */
  putBack(records: readonly SourceRecord[]): void {
    this.#records = [...records, ...this.#records];
    for (const record of records) this.#bytes += sizeOf(record);
  }

  clear(): void {
    this.#records = [];
    this.#bytes = 0;
  }
}
