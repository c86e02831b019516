import type { ControlMessage, RemovalRequest } from "../../coordination/control-message.ts";
import type { Truncate } from "../../data/event.ts";
import { recordName, type SourceRecord } from "../../data/record.ts";
import { CdcError } from "../../lib/errors.ts";
import type { SourcePartition } from "../../source/source-partition.ts";
import type { TaskContext } from "../task-context.ts";

/** A truncate that was met, and the partitions that have not removed their rows yet. */
type Barrier = {
  readonly name: string;
  readonly record: SourceRecord;
  readonly missing: Set<number>;
};

/**
 * How a task leads a truncate of its table. The record stands in one partition and concerns all: the task that meets it
 * asks the others through the control log, waits until each has removed its rows durably, and goes past it then. While
 * it waits it answers what others ask, so that two truncates in two partitions do not wait for each other. A crash
 * meets the record again and asks again: whoever has nothing left to remove answers at once.
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

  /** A truncate was met, and the others are not done. */
  get isWaiting(): boolean {
    return this.#barrier !== null && this.#barrier.missing.size > 0;
  }

  /**
   * The record that stands next is a truncate.
   * @param skippedSyncs syncs to which it lies before they began
   * @returns `ignored` and what to remove here, the others being done, let the task go past it; `null` asks to wait
   * @throws CdcError TRUNCATED where the policy is to stop
   */
  async process(
    { table, time, sourcePosition }: Truncate,
    record: SourceRecord,
    skippedSyncs: readonly string[],
  ): Promise<RemovalRequest | "ignored" | null> {
    const { tp, topicTopology } = this.#context;
    const policy = topicTopology.onTruncate;
    if (policy === "ignore") {
      this.#say(record, "a TRUNCATE was met and ignored");
      return "ignored";
    }
    if (policy === "stop") {
      throw new CdcError(
        "TRUNCATED",
        `${recordName(record)}: the table was truncated, and onTruncate: stop asks to stop here; set it to remove or ignore to go on`,
      );
    }
    const changeId = sourcePosition ?? `${record.partition}/${record.offset}`;
    const removal: RemovalRequest = {
      table,
      time,
      sourcePosition,
      record,
      changeId,
      skippedSyncs,
    };
    const name = recordName(record);
    if (this.#barrier?.name !== name) {
      const missing = new Set(await this.#partition.siblings());
      missing.delete(tp.partition);
      this.#barrier = { name, record, missing };
      if (missing.size > 0) this.#send({ kind: "truncate", ...tp, removal });
      this.#say(record, "a TRUNCATE was met", missing);
    }
    if (this.isWaiting) return null;
    this.#barrier = null;
    return removal;
  }

  /** Another task has removed its rows. */
  done({ name, partition }: { readonly name: string; readonly partition: number }): void {
    if (this.#barrier?.name !== name) return;
    const { record, missing } = this.#barrier;
    if (missing.delete(partition))
      this.#say(record, "a partition is done with a TRUNCATE", missing);
  }

  /** @param missing the partitions that it waits for, each of which has to remove its rows first */
  #say(
    { topic, partition, offset }: SourceRecord,
    what: string,
    missing?: ReadonlySet<number>,
  ): void {
    const waitsFor = missing && [...missing];
    this.#context.logger.info({ topic, partition, offset, waitsFor }, what);
  }
}
