import type { ControlMessage, RemovalRequest } from "../coordination/control-message.ts";
import type { Truncate } from "../data/event.ts";
import type { SourceRecord } from "../data/record.ts";
import type { StoredRow } from "../data/stored-row.ts";
import type { SchemaRegistry } from "../decode/format/schema-registry.ts";
import type { FailureRatio } from "../dlq/failure-ratio.ts";
import type { Output } from "./output.ts";
import type { TaskContext } from "./task-context.ts";
import type { TaskOffset } from "./task-offset.ts";

/** The output of a group of records, up to its first truncate. */
export type GroupOutput = Output & {
  /** Records processed. */
  readonly count: number;
  /** The next record, if it is a truncate. */
  readonly truncate: Truncate | null;
};

/**
 * Processes the records and rows of one task: `StreamProcessor` in the service, `RedriveProcessor` in a redrive. It
 * advances the offset in memory; the checkpoint makes it durable.
 */
export interface RecordProcessor {
  /** Until when records wait for another task, ms since 1970; `null` if none waits. No checkpoint passes them. */
  readonly waitsUntil: number | null;
  /** Processes records up to the first truncate, which the task handles because it concerns every partition. */
  process(records: readonly SourceRecord[]): Promise<GroupOutput>;
  /** Receives a control message about a key change. */
  receive(message: ControlMessage): Promise<Output>;
  /** Processes the records whose wait has ended: their control message has arrived, or their time is before `now`. */
  release(now: number): Promise<Output>;
  /** Removes one row because of a truncate or of the end of a snapshot. */
  remove(key: string, row: StoredRow, removal: RemovalRequest): Output;
  /** Evaluates new and changed syncs for one stored row. */
  backfill(key: string, row: StoredRow): Output;
  /** The syncs whose boundary is above the offset. */
  skippedSyncsBelow(offset: number): readonly string[];
}

export type RecordProcessorOptions = {
  readonly context: TaskContext;
  /** Advanced past each record. */
  readonly taskOffset: TaskOffset;
  readonly registry: SchemaRegistry | null;
  /** This many consecutive records that produce only dead letters stop the task. */
  readonly maxConsecutive: number;
  /** The ratio of such records in the whole process, which stops the task too. */
  readonly rejections: FailureRatio;
};
