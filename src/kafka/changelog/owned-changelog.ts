import { randomUUID } from "node:crypto";
import { partitionName, type TopicPartition } from "../../data/record.ts";
import type { Clock } from "../../lib/clock.ts";
import { CdcError, messageOf } from "../../lib/errors.ts";
import type { Logger } from "../../lib/logger.ts";
import { retry } from "../../lib/retry.ts";
import type { PartitionReader } from "../../source/partition-reader.ts";
import type { ChangelogChunk, OwnedChangelog } from "../../state/changelog.ts";
import type { StoreEntry } from "../../state/store.ts";
import { failureOf, isDenied } from "../failure.ts";
import type { TransactionalLog } from "./transactional-log.ts";

/** Keys that are not the store's: the mark of an owner, and the note that a partition was added later. */
export const MARK = Buffer.from("m");
export const ADDED = Buffer.from("a");

export type OwnedChangelogOptions = {
  readonly tp: TopicPartition;
  readonly log: Pick<TransactionalLog, "open" | "append" | "close">;
  readonly reader: PartitionReader;
  readonly start: number;
  readonly clock: Clock;
  readonly logger: Logger;
};

/**
 * A changelog partition, opened by its owner. The owner first appends a mark. All entries of earlier owners are below it,
 * since the mark's transaction fenced them.
 */
export class KafkaOwnedChangelog implements OwnedChangelog {
  readonly #options: OwnedChangelogOptions;
  readonly #owner = Buffer.from(randomUUID());
  readonly #released = new AbortController();
  #mark = -1;
  #next = 0;
  #isOpen = false;

  private constructor(options: OwnedChangelogOptions) {
    this.#options = options;
  }

  static async take(options: OwnedChangelogOptions): Promise<KafkaOwnedChangelog> {
    const owned = new KafkaOwnedChangelog(options);
    owned.#mark = await owned.#retry(() => owned.#open());
    return owned;
  }

  get range(): { readonly start: number; readonly end: number } {
    return { start: this.#options.start, end: this.#mark };
  }

  async *read(from: number): AsyncIterable<ChangelogChunk> {
    const { tp, reader } = this.#options;
    for await (const records of reader.read(tp, from, this.#mark + 1)) {
      const entries: StoreEntry[] = [];
      let isAdded = false;
      for (const { key, value } of records) {
        if (key?.equals(ADDED)) isAdded = true;
        else if (key && !key.equals(MARK)) entries.push({ key, value });
      }
      yield { entries, next: (records.at(-1)?.offset ?? from) + 1, isAdded };
    }
  }

  append(entries: readonly StoreEntry[]): Promise<number> {
    return this.#retry(async () => {
      if (!this.#isOpen) await this.#reopen();
      this.#next = (await this.#options.log.append(entries)) + 1;
      return this.#next;
    });
  }

  async release(): Promise<void> {
    this.#released.abort();
    await this.#options.log.close();
  }

  /** Retries until the brokers respond; missing permissions and our own errors are final. */
  #retry<T>(work: () => Promise<T>): Promise<T> {
    const { tp, clock, logger } = this.#options;
    const attempt = async () => {
      try {
        return await work();
      } catch (error) {
        this.#isOpen = false;
        const what = `cannot write the changelog ${partitionName(tp)}`;
        throw isDenied(error) ? failureOf(error, what) : error;
      }
    };
    const onRetry = (error: unknown) =>
      logger.warn({ ...tp, reason: messageOf(error) }, "changelog write failed; retrying");
    return retry(attempt, { clock, signal: this.#released.signal, onRetry });
  }

  /** @returns the offset of its mark */
  async #open(): Promise<number> {
    const { log } = this.#options;
    await log.open();
    const mark = await log.append([{ key: MARK, value: this.#owner }]);
    this.#next = mark + 1;
    this.#isOpen = true;
    return mark;
  }

  /** After a failure the log is opened again, which fences every process, also one that took over meanwhile: its mark is there. */
  async #reopen(): Promise<void> {
    const { tp, reader } = this.#options;
    const from = this.#next;
    const mark = await this.#open();
    for await (const records of reader.read(tp, from, mark + 1)) {
      const isForeign = records.some(
        ({ key, value }) => key?.equals(MARK) && !value?.equals(this.#owner),
      );
      if (!isForeign) continue;
      this.#isOpen = false;
      throw new CdcError(
        "FENCED",
        `${partitionName(tp)}: another process has taken the changelog over`,
      );
    }
  }
}
