import type { ControlMessage, RemovalRequest } from "../../coordination/control-message.ts";
import type { Truncate } from "../../data/event.ts";
import { recordName, type SourceRecord } from "../../data/record.ts";
import { CdcError } from "../../lib/errors.ts";
import type { SourcePartition } from "../../source/source-partition.ts";
import type { TaskContext } from "../task-context.ts";

/** A truncate whose partitions have not all removed their rows. */
type Barrier = {
  readonly name: string;
  readonly record: SourceRecord;
  readonly missing: Set<number>;
};

/**
 * Leads a truncate whose record is in this task's partition and concerns all partitions of the table:
 *
 * 1. send a truncate message to the other tasks through the control log
 * 2. wait until each of them has removed its rows durably; meanwhile handle their messages, so that two truncates in two
 *    partitions do not wait for each other
 * 3. remove the rows here and continue after the record
 *
 * After a crash the record is read again and the message is sent again; a task without rows to remove replies at once.
 */
export class Truncation {
  readonly #context: TaskContext;
  readonly #partition: SourcePartition;
  readonly #send: (message: ControlMessage) => void;
  #barrier: Barrier | null = null;

  /** @param send appends a message to the control log */
  constructor(
    context: TaskContext,
    partition: SourcePartition,
    send: (message: ControlMessage) => void,
  ) {
    this.#context = context;
    this.#partition = partition;
    this.#send = send;
  }

  /** Other partitions are not done. */
  get isWaiting(): boolean {
    return this.#barrier !== null && this.#barrier.missing.size > 0;
  }

  /**
   * Handles a truncate record that is next in the partition.
   * @param skippedSyncs syncs that start after this record
   * @returns what to remove here once the other partitions are done, or whether to ignore the truncate or to wait
   * @throws CdcError TRUNCATED if the model has `onTruncate: stop`
   */
  async process(
    truncate: Truncate,
    record: SourceRecord,
    skippedSyncs: readonly string[],
  ): Promise<RemovalRequest | "ignore" | "wait"> {
    const { onTruncate } = this.#context.topicTopology;
    if (onTruncate === "ignore") {
      this.#log(record, "truncate ignored");
      return "ignore";
    }
    if (onTruncate === "stop") {
      throw new CdcError(
        "TRUNCATED",
        `${recordName(record)}: the table was truncated, and its model has onTruncate: stop; set it to remove or ignore to continue`,
      );
    }
    const removal = removalOf(truncate, record, skippedSyncs);
    if (this.#barrier?.name !== recordName(record)) await this.#raiseBarrier(removal);
    if (this.isWaiting) return "wait";
    this.#barrier = null;
    return removal;
  }

  /** Another partition has removed its rows. */
  partitionDone({ name, partition }: { readonly name: string; readonly partition: number }): void {
    if (this.#barrier?.name !== name) return;
    const { record, missing } = this.#barrier;
    if (missing.delete(partition)) this.#log(record, "truncate applied by a partition", missing);
  }

  async #raiseBarrier(removal: RemovalRequest): Promise<void> {
    const { tp } = this.#context;
    const { record } = removal;
    const missing = new Set(await this.#partition.siblings());
    missing.delete(tp.partition);
    this.#barrier = { name: recordName(record), record, missing };
    if (missing.size > 0) this.#send({ kind: "truncate", ...tp, removal });
    this.#log(record, "truncate received", missing);
  }

  /** @param missing the partitions that still have to remove their rows */
  #log(
    { topic, partition, offset }: SourceRecord,
    text: string,
    missing?: ReadonlySet<number>,
  ): void {
    const waitsFor = missing && [...missing];
    this.#context.logger.info({ topic, partition, offset, waitsFor }, text);
  }
}

function removalOf(
  { table, time, sourcePosition }: Truncate,
  record: SourceRecord,
  skippedSyncs: readonly string[],
): RemovalRequest {
  const changeId = sourcePosition ?? `${record.partition}/${record.offset}`;
  return { table, time, sourcePosition, record, changeId, skippedSyncs };
}
