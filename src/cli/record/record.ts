import { once } from "node:events";
import { readSettings } from "../../config/read.ts";
import type { SourceRecord, TopicPartition } from "../../data/record.ts";
import { recordedForm } from "../../data/recorded-line.ts";
import { KafkaSource } from "../../kafka/kafka-source.ts";
import { systemClock } from "../../lib/clock.ts";
import { createLogger } from "../../lib/logger.ts";
import { besideProgress, Progress } from "../../lib/progress.ts";
import type { Step } from "../../lib/progress-text.ts";
import { PartitionReader } from "../../source/partition-reader.ts";
import type { Source } from "../../source/source.ts";
import { Topology } from "../../topology/topology.ts";
import { deleteGroup, kafkaAccess } from "../kafka-access.ts";
import { endWithReader, stopSignal } from "../process.ts";
import { mergeByTime } from "./merge-by-time.ts";

/** A log may end in offsets without a record, such as transaction markers: the end is also when nothing arrives for so long. */
const IDLE_MS = 5_000;

/** Writes the present records of the configured topics to stdout in recorded form, one per line; at most `limit`. */
export async function record(config: string, limit: number): Promise<void> {
  const settings = readSettings(config);
  const { connection, groupId } = kafkaAccess(settings, "record", "record");
  const { level, format } = settings.log;
  const log = besideProgress(createLogger("warn", format));
  const { topics } = new Topology(settings);
  const source = new KafkaSource({ kafka: connection, groupId, topics, log });
  const recording = new Recording(source, limit);
  endWithReader();
  // On a terminal, progress would be written between the records.
  const terminal = process.stdout.isTTY ? { write: () => {} } : process.stderr;
  const progressOptions = { clock: systemClock, logger: createLogger(level, format), terminal };
  const progress = new Progress("record", () => recording.step, progressOptions);
  progress.start();
  try {
    await recording.run(stopSignal());
  } finally {
    progress.end();
    await deleteGroup(connection, groupId);
  }
  process.stderr.write(`${recording.written} records written\n`);
}

/** Reads every partition from its first record to the end that it had when the reading began. */
class Recording {
  readonly #source: Source;
  readonly #reader: PartitionReader;
  readonly #limit: number;
  #total = 0;
  #written = 0;

  constructor(source: Source, limit: number) {
    this.#source = source;
    this.#reader = new PartitionReader(source, systemClock);
    this.#limit = limit;
  }

  get written(): number {
    return this.#written;
  }

  /** Unknown before the partitions are assigned. */
  get step(): Step | null {
    if (this.#total === 0) return null;
    const total = Math.min(this.#total, this.#limit);
    return { done: this.#written, total, counts: { records: this.#written } };
  }

  /** Resolves at the end, at the limit, and when stopped. */
  async run(stop: AbortSignal): Promise<void> {
    stop.addEventListener("abort", () => this.#reader.close(), { once: true });
    try {
      await this.#record();
    } catch (error) {
      if (!stop.aborted) throw error;
    } finally {
      await this.#reader.close();
    }
  }

  async #record(): Promise<void> {
    const partitions = await this.#reader.partitions();
    const ranges = await Promise.all(partitions.map((tp) => this.#rangeOf(tp)));
    this.#total = ranges.reduce((sum, { start, end }) => sum + end - start, 0);
    const logs = ranges.map(({ tp, start, end }) => this.#reader.read(tp, start, end, IDLE_MS));
    for await (const records of mergeByTime(logs)) {
      const wanted = records.slice(0, this.#limit - this.#written);
      this.#written += wanted.length;
      await write(wanted);
      if (this.#written >= this.#limit) return;
    }
  }

  async #rangeOf(tp: TopicPartition) {
    const { start, end } = (await this.#source.range(tp)) ?? { start: 0, end: 0 };
    return { tp, start, end };
  }
}

/** Waits for a reader of stdout that is slower than Kafka. */
async function write(records: readonly SourceRecord[]): Promise<void> {
  const text = records.map((record) => `${JSON.stringify(recordedForm(record))}\n`).join("");
  if (!process.stdout.write(text)) await once(process.stdout, "drain");
}
