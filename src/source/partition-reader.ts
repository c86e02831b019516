import { partitionName, type SourceRecord, type TopicPartition } from "../data/record.ts";
import type { Clock } from "../lib/clock.ts";
import { Signal } from "../lib/signal.ts";
import type { Source, SourceListener } from "./source.ts";

/** A partition is paused while its buffer is larger. */
const BUFFER_BYTES = 4_000_000;

/** Memory of a record in addition to its key and value. */
const RECORD_BYTES = 200;

/** The longest single wait; without an idle time, waits repeat. */
const MAX_WAIT_MS = 60_000;

/** A partition that is being read. */
type Reading = {
  readonly tp: TopicPartition;
  readonly to: number;
  readonly signal: Signal;
  /** The offset of the next record that goes into the buffer. */
  next: number;
  records: SourceRecord[];
  bytes: number;
  isPaused: boolean;
  /** When it was last resumed. */
  since: number;
};

/**
 * Reads partitions of a source from one offset to another, several in parallel. Starts the source when first used, and
 * stops it when closed.
 */
export class PartitionReader {
  readonly #source: Source;
  readonly #clock: Clock;
  readonly #readings = new Map<string, Reading>();
  readonly #assigned = Promise.withResolvers<readonly TopicPartition[]>();
  #started: Promise<void> | null = null;
  #failure: unknown = null;
  /** When the last records of any partition arrived. */
  #lastArrival = 0;

  constructor(source: Source, clock: Clock) {
    this.#source = source;
    this.#clock = clock;
    this.#assigned.promise.catch(() => {});
  }

  /** The partitions of the first assignment. */
  async partitions(): Promise<readonly TopicPartition[]> {
    await this.#start();
    return this.#assigned.promise;
  }

  /**
   * The records from `from` up to, not including, `to`. A log may end in offsets without a record (transaction markers).
   * With `idle_ms`, the reading also ends when the source delivers nothing for this time. Rejects with the error that
   * ended the source, and when closed.
   */
  async *read(
    tp: TopicPartition,
    from: number,
    to: number,
    idle_ms = Number.POSITIVE_INFINITY,
  ): AsyncGenerator<readonly SourceRecord[]> {
    if (from >= to) return;
    await this.#start();
    const reading = newReading(tp, from, to, this.#clock);
    this.#readings.set(partitionName(tp), reading);
    this.#fetch(reading);
    try {
      for (;;) {
        const records = await this.#take(reading, idle_ms);
        if (records.length === 0) return;
        yield records;
      }
    } finally {
      this.#readings.delete(partitionName(tp));
      if (this.#failure === null) this.#source.pause(tp);
    }
  }

  async close(): Promise<void> {
    this.#fail(new Error("the reader was closed"));
    await this.#source.stop();
  }

  /** Waits for records and empties the buffer. Returns none at the end of the range and after the idle time. */
  async #take(reading: Reading, idle_ms: number): Promise<readonly SourceRecord[]> {
    while (reading.records.length === 0) {
      if (this.#failure !== null) throw this.#failure;
      if (reading.next >= reading.to) return [];
      const left_ms = Math.max(reading.since, this.#lastArrival) + idle_ms - this.#clock.now();
      if (left_ms <= 0) return [];
      await reading.signal.wait(Math.min(left_ms, MAX_WAIT_MS));
    }
    const { records } = reading;
    reading.records = [];
    reading.bytes = 0;
    if (reading.isPaused && reading.next < reading.to) {
      reading.isPaused = false;
      this.#resume(reading);
    }
    return records;
  }

  #start(): Promise<void> {
    this.#started ??= this.#source.start(this.#listener());
    return this.#started;
  }

  #listener(): SourceListener {
    return {
      assigned: (partitions) => {
        this.#assigned.resolve(partitions);
        // A partition that is assigned again is paused and has no offset: its reading continues at the next offset.
        for (const tp of partitions) {
          const reading = this.#readings.get(partitionName(tp));
          if (reading) this.#fetch(reading);
        }
      },
      records: (records) => this.#deliver(records),
      processed: async () => {},
      ended: () => {},
      failed: (error) => this.#fail(error),
    };
  }

  #fetch(reading: Reading): void {
    this.#source.seek(reading.tp, reading.next);
    if (!reading.isPaused) this.#resume(reading);
  }

  #resume(reading: Reading): void {
    reading.since = this.#clock.now();
    this.#source.resume(reading.tp);
  }

  #deliver(records: readonly SourceRecord[]): void {
    this.#lastArrival = this.#clock.now();
    const [first] = records;
    const reading = first && this.#readings.get(partitionName(first));
    if (!reading) return;
    for (const record of records) {
      if (record.offset < reading.next) continue;
      reading.next = record.offset + 1;
      if (record.offset >= reading.to) break;
      reading.records.push(record);
      reading.bytes += RECORD_BYTES + (record.key?.length ?? 0) + (record.value?.length ?? 0);
    }
    if (!reading.isPaused && (reading.bytes > BUFFER_BYTES || reading.next >= reading.to)) {
      reading.isPaused = true;
      this.#source.pause(reading.tp);
    }
    reading.signal.notify();
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
    this.#assigned.reject(error);
    for (const { signal } of this.#readings.values()) signal.notify();
  }
}

function newReading(tp: TopicPartition, next: number, to: number, clock: Clock): Reading {
  const signal = new Signal(clock);
  return { tp, to, signal, next, records: [], bytes: 0, isPaused: false, since: 0 };
}
