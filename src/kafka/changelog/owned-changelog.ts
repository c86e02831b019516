import { randomUUID } from "node:crypto";
import { partitionName, type TopicPartition } from "../../data/record.ts";
import type { Clock } from "../../lib/clock.ts";
import { CdcError, messageOf } from "../../lib/errors.ts";
import type { Logger } from "../../lib/logger.ts";
import { backoff_ms } from "../../lib/retry.ts";
import type { PartitionReader } from "../../source/partition-reader.ts";
import type { ChangelogChunk, OwnedChangelog } from "../../state/changelog.ts";
import type { StoreEntry } from "../../state/store.ts";
import { failureOf, isRejected } from "../failure.ts";
import type { TransactionalLog } from "./transactional-log.ts";

/** Keys that are not the store's: an owner's mark, and that the partition came later than its topic. */
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
 * A changelog partition as Kafka has it, for one owner. It begins with a mark of its own: what lies below is what
 * earlier owners left, for good, since the mark's transaction fenced them.
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
    await owned.#insist(async () => {
      owned.#mark = await owned.#open();
    });
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

  async append(entries: readonly StoreEntry[]): Promise<number> {
    await this.#insist(async () => {
      if (!this.#isOpen) await this.#reopen();
      this.#next = (await this.#options.log.append(entries)) + 1;
    });
    return this.#next;
  }

  async release(): Promise<void> {
    this.#released.abort();
    await this.#options.log.close();
  }

  /** Until it is done: brokers that are away come back. */
  async #insist(work: () => Promise<void>): Promise<void> {
    const { tp, clock, logger } = this.#options;
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await work();
      } catch (error) {
        this.#isOpen = false;
        if (error instanceof CdcError || this.#released.signal.aborted) throw error;
        if (isRejected(error))
          throw failureOf(error, `cannot write the changelog ${partitionName(tp)}`);
        const reason = messageOf(error);
        logger.warn({ ...tp, reason }, "the changelog could not be written; trying again");
        await clock.sleep(backoff_ms(attempt), this.#released.signal);
      }
    }
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

  /** After a failure the log is opened anew, which fences everyone: had another owner taken over, it would be us who spoil it. */
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
      throw new CdcError("FENCED", `${partitionName(tp)}: another process had taken it over`);
    }
  }
}
