import type { SourceRecord, TopicPartition } from "../../data/record.ts";
import { partitionName } from "../../data/record.ts";
import type { Source, SourceListener } from "../../source/source.ts";

/** Bytes of one partition that wait to be taken before it is paused. */
const WAITING_BYTES = 8_000_000;

/** One partition being read. */
type Reading = {
  readonly tp: TopicPartition;
  next: number;
  records: SourceRecord[];
  bytes: number;
  paused: boolean;
  signal: () => void;
};

/** Reads partitions of a changelog from a place up to another, several side by side. */
export class ChangelogReader {
  readonly #source: Source;
  readonly #readings = new Map<string, Reading>();
  #started: Promise<void> | null = null;
  #failure: unknown = null;

  /** @param source reads all partitions, whoever else does: it belongs to no shared group */
  constructor(source: Source) {
    this.#source = source;
  }

  /** Records from `from` on, until the one at `last` has come. */
  async *read(tp: TopicPartition, from: number, last: number): AsyncIterable<SourceRecord[]> {
    await this.#start();
    const reading: Reading = { tp, next: from, records: [], bytes: 0, paused: false, signal() {} };
    this.#readings.set(partitionName(tp), reading);
    this.#source.seek(tp, from);
    this.#source.resume(tp);
    try {
      for (let next = from; next <= last; ) {
        const records = await this.#take(reading);
        next = (records.at(-1)?.offset ?? next) + 1;
        yield records;
      }
    } finally {
      this.#readings.delete(partitionName(tp));
      this.#source.pause(tp);
    }
  }

  async close(): Promise<void> {
    this.#fail(new Error("the changelog is closed"));
    if (this.#started) await this.#source.stop();
  }

  async #take(reading: Reading): Promise<SourceRecord[]> {
    while (reading.records.length === 0) {
      if (this.#failure !== null) throw this.#failure;
      await new Promise<void>((resolve) => {
        reading.signal = resolve;
      });
    }
    const records = reading.records;
    reading.records = [];
    reading.bytes = 0;
    if (reading.paused) {
      reading.paused = false;
      this.#source.resume(reading.tp);
    }
    return records;
  }

  #start(): Promise<void> {
    this.#started ??= this.#source.start(this.#listener());
    return this.#started;
  }

  #listener(): SourceListener {
    return {
      assigned: () => {
        // After its place was lost a partition is announced as new: each goes on from where it is.
        for (const { tp, next } of this.#readings.values()) {
          this.#source.seek(tp, next);
          this.#source.resume(tp);
        }
      },
      records: (records) => this.#deliver(records),
      processed: async () => {},
      ended: () => {},
      failed: (error) => this.#fail(error),
    };
  }

  #deliver(records: readonly SourceRecord[]): void {
    const [first] = records;
    const reading = first && this.#readings.get(partitionName(first));
    if (!reading) return;
    for (const record of records) {
      if (record.offset < reading.next) continue;
      reading.next = record.offset + 1;
      reading.records.push(record);
      reading.bytes += record.value?.length ?? 0;
    }
    if (reading.bytes > WAITING_BYTES && !reading.paused) {
      reading.paused = true;
      this.#source.pause(reading.tp);
    }
    reading.signal();
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
    for (const { signal } of this.#readings.values()) signal();
  }
}
