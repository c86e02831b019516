import { once } from "node:events";
import { readSettings } from "../config/read.ts";
import { CdcError } from "../errors.ts";
import { nameOf, type SourceRecord, type TopicPartition } from "../record.ts";
import { recordedForm } from "../recorded-line.ts";
import { KafkaSource } from "../source/kafka-source.ts";
import type { Source } from "../source/source.ts";
import { Plans } from "../task/plan.ts";
import { createLogger } from "../telemetry/log.ts";
import { Progress } from "../telemetry/progress.ts";
import { endWithReader } from "./end-with-reader.ts";
import { forgetGroup } from "./forget-group.ts";
import { stopSignal } from "./signals.ts";

/** A log may end in records that are not shown, such as the marker of a transaction: silence of this long is the end. */
const QUIET_MS = 5_000;

/**
 * Writes what the configured topics hold now to stdout, a line each, in the form that `preview` and `replay` read; at
 * most `limit` records.
 */
export async function record(config: string, limit: number): Promise<void> {
  const { name, kafka, log, ...settings } = readSettings(config);
  if (!kafka)
    throw new CdcError(
      "CONFIGURATION",
      `${config}: kafka: is required by \`record\`; name the brokers in kafka.brokers`,
    );
  const connection = { ...kafka, clientId: kafka.clientId ?? name };
  // A group of its own, so that the service's place is not touched; it is taken away again.
  const groupId = `${kafka.groupId ?? name}.record.${process.pid}`;
  const logger = createLogger("warn", log.format);
  const { topics } = new Plans({ name, kafka, log, ...settings });
  const recording = new Recording(
    new KafkaSource({ kafka: connection, groupId, topics, log: logger }),
    limit,
  );
  endWithReader();
  try {
    await recording.run(stopSignal());
  } finally {
    await forgetGroup(connection, groupId);
  }
}

/** Reads every partition from its first record to the end that it had when it was opened. */
class Recording {
  readonly #source: Source;
  readonly #limit: number;
  readonly #progress = new Progress("record");
  readonly #done = Promise.withResolvers<void>();
  /** The end of each partition that is not read to it. */
  readonly #ends = new Map<string, { readonly at: TopicPartition; readonly end: number }>();
  readonly #seen = new Set<string>();
  #total = 0;
  #written = 0;
  #writing: Promise<void> = Promise.resolve();
  #quiet: NodeJS.Timeout | undefined;

  constructor(source: Source, limit: number) {
    this.#source = source;
    this.#limit = limit;
  }

  async run(stop: AbortSignal): Promise<void> {
    stop.addEventListener("abort", () => this.#done.resolve(), { once: true });
    try {
      await this.#source.start({
        assigned: (partitions) => this.#open(partitions).catch(this.#done.reject),
        records: (records) => this.#take(records),
        processed: async () => {},
        ended: () => this.#done.resolve(),
        failed: (error) => this.#done.reject(error),
      });
      await this.#done.promise;
      await this.#writing;
    } finally {
      clearTimeout(this.#quiet);
      this.#progress.end();
      await this.#source.stop();
    }
    process.stderr.write(`${this.#written} records written\n`);
  }

  async #open(partitions: readonly TopicPartition[]): Promise<void> {
    const ranges = await Promise.all(
      partitions.map(async (at) => ({ at, range: await this.#source.range(at) })),
    );
    for (const { at, range } of ranges) {
      if (this.#seen.has(nameOf(at))) continue;
      this.#seen.add(nameOf(at));
      if (!range || range.end === range.start) continue;
      this.#ends.set(nameOf(at), { at, end: range.end });
      this.#total += range.end - range.start;
      this.#source.seek(at, range.start);
      this.#source.resume(at);
    }
    if (this.#ends.size === 0) this.#done.resolve();
    this.#quiet ??= setTimeout(() => this.#done.resolve(), QUIET_MS);
  }

  #take(records: readonly SourceRecord[]): void {
    const [first] = records;
    const open = first && this.#ends.get(nameOf(first));
    if (!open) return;
    const wanted = records
      .filter(({ offset }) => offset < open.end)
      .slice(0, this.#limit - this.#written);
    this.#written += wanted.length;
    if ((records.at(-1)?.offset ?? 0) + 1 >= open.end) {
      this.#ends.delete(nameOf(open.at));
      this.#source.pause(open.at);
    }
    this.#writing = this.#writing.then(() => this.#write(wanted, open.at));
    if (this.#ends.size === 0 || this.#written >= this.#limit)
      this.#writing.then(this.#done.resolve, this.#done.reject);
  }

  /** A reader of stdout that is slower than Kafka holds the partition back. */
  async #write(records: readonly SourceRecord[], at: TopicPartition): Promise<void> {
    const text = records.map((record) => `${JSON.stringify(recordedForm(record))}\n`).join("");
    if (!process.stdout.write(text)) {
      this.#source.pause(at);
      await once(process.stdout, "drain");
      if (this.#ends.has(nameOf(at))) this.#source.resume(at);
    }
    this.#quiet?.refresh();
    this.#progress.show({
      done: this.#written,
      total: Math.min(this.#total, this.#limit),
      detail: `${this.#written} records`,
    });
  }
}
