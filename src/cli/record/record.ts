import { once } from "node:events";
import { readSettings } from "../../config/read.ts";
import { partitionName, type SourceRecord, type TopicPartition } from "../../data/record.ts";
import { recordedForm } from "../../data/recorded-line.ts";
import { KafkaSource } from "../../kafka/kafka-source.ts";
import { systemClock } from "../../lib/clock.ts";
import { createLogger } from "../../lib/logger.ts";
import { besideProgress, Progress } from "../../lib/progress.ts";
import type { Step } from "../../lib/progress-text.ts";
import type { Source } from "../../source/source.ts";
import { Topology } from "../../topology/topology.ts";
import { deleteGroup, kafkaAccess } from "../kafka-access.ts";
import { endWithReader, stopSignal } from "../process.ts";
import { PartitionMerge } from "./partition-merge.ts";

/** A log may end in records that are not shown, such as the marker of a transaction: silence of this long is the end. */
const QUIET_MS = 5_000;

/**
 * Writes what the configured topics hold now to stdout, a line each, in the form that `preview` and `replay` read; at
 * most `limit` records.
 */
export async function record(config: string, limit: number): Promise<void> {
  const settings = readSettings(config);
  const { connection, groupId } = kafkaAccess(settings, "record", "record");
  const { level, format } = settings.log;
  const log = besideProgress(createLogger("warn", format));
  const { topics } = new Topology(settings);
  const source = new KafkaSource({ kafka: connection, groupId, topics, log });
  const recording = new Recording(source, limit);
  endWithReader();
  // What rewrites itself must not stand between the records.
  const terminal = process.stdout.isTTY ? { write: () => {} } : process.stderr;
  const progressOptions = { clock: systemClock, logger: createLogger(level, format), terminal };
  const progress = new Progress("record", () => recording.step, progressOptions);
  try {
    await recording.run(stopSignal());
  } finally {
    progress.end();
    await deleteGroup(connection, groupId);
  }
  process.stderr.write(`${recording.step?.done ?? 0} records written\n`);
}

/** Records of a partition that may wait for those of others; at half of it the partition goes on. */
const MOST_WAITING = 4_000;

/** Reads every partition from its first record to the end that it had when it was opened. */
class Recording {
  readonly #source: Source;
  readonly #limit: number;
  readonly #done = Promise.withResolvers<void>();
  readonly #merge = new PartitionMerge();
  readonly #open = new Map<
    string,
    { readonly tp: TopicPartition; readonly end: number; isPaused: boolean }
  >();
  #total = 0;
  #written = 0;
  #writing: Promise<void> = Promise.resolve();
  #quiet: NodeJS.Timeout | undefined;

  constructor(source: Source, limit: number) {
    this.#source = source;
    this.#limit = limit;
  }

  /** Unknown until the partitions are. */
  get step(): Step | null {
    if (this.#total === 0) return null;
    const total = Math.min(this.#total, this.#limit);
    return { done: this.#written, total, counts: { records: this.#written } };
  }

  async run(stop: AbortSignal): Promise<void> {
    stop.addEventListener("abort", () => this.#done.resolve(), { once: true });
    try {
      await this.#source.start({
        assigned: (partitions) => this.#begin(partitions).catch(this.#done.reject),
        records: (records) => this.#take(records),
        processed: async () => {},
        ended: () => this.#done.resolve(),
        failed: (error) => this.#done.reject(error),
      });
      await this.#done.promise;
      await this.#writing;
    } finally {
      clearTimeout(this.#quiet);
      await this.#source.stop();
    }
  }

  /** Only once: a partition that comes back in a later join goes on where it was. */
  async #begin(partitions: readonly TopicPartition[]): Promise<void> {
    const fresh = partitions.filter((tp) => !this.#open.has(partitionName(tp)));
    const ranges = await Promise.all(fresh.map((tp) => this.#source.range(tp)));
    const logs = fresh.map((tp, i) => ({
      tp,
      start: ranges[i]?.start ?? 0,
      end: ranges[i]?.end ?? 0,
    }));
    for (const { tp, start, end } of logs) {
      this.#open.set(partitionName(tp), { tp, end, isPaused: false });
      if (end > start) this.#merge.open(tp);
      this.#total += end - start;
    }
    for (const { tp, start, end } of logs) {
      if (end === start) continue;
      this.#source.seek(tp, start);
      this.#source.resume(tp);
    }
    this.#listen();
    this.#writeNext();
  }

  #take(records: readonly SourceRecord[]): void {
    const [first] = records;
    const open = first && this.#open.get(partitionName(first));
    if (!open) return;
    this.#listen();
    this.#merge.push(
      open.tp,
      records.filter(({ offset }) => offset < open.end),
    );
    const isEnd = (records.at(-1)?.offset ?? 0) + 1 >= open.end;
    if (isEnd) this.#merge.end(open.tp);
    if (isEnd || this.#merge.waiting(open.tp) >= MOST_WAITING) {
      open.isPaused = true;
      this.#source.pause(open.tp);
    }
    this.#writeNext();
  }

  /** Kafka is given its time anew; while a reader of stdout holds everything up, its silence says nothing. */
  #listen(): void {
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => this.#endAll(), QUIET_MS);
  }

  #endAll(): void {
    for (const { tp } of this.#open.values()) this.#merge.end(tp);
    this.#writeNext();
  }

  #writeNext(): void {
    const records = this.#merge.take().slice(0, this.#limit - this.#written);
    this.#written += records.length;
    this.#writing = this.#writing.then(() => this.#write(records));
    const isOver = this.#merge.isDone || this.#written >= this.#limit;
    this.#writing.then(() => (isOver ? this.#done.resolve() : this.#goOn()), this.#done.reject);
  }

  /** Partitions whose records were waiting for others read on, unless they have been read to their end. */
  #goOn(): void {
    for (const open of this.#open.values()) {
      if (!open.isPaused || this.#merge.hasEnded(open.tp)) continue;
      if (this.#merge.waiting(open.tp) > MOST_WAITING / 2) continue;
      open.isPaused = false;
      this.#source.resume(open.tp);
    }
  }

  /** Waits for a reader of stdout that is slower than Kafka; the partitions pause meanwhile. */
  async #write(records: readonly SourceRecord[]): Promise<void> {
    const text = records.map((record) => `${JSON.stringify(recordedForm(record))}\n`).join("");
    if (text !== "" && !process.stdout.write(text)) {
      clearTimeout(this.#quiet);
      await once(process.stdout, "drain");
      this.#listen();
    }
  }
}
