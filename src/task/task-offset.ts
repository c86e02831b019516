import { isBeforeTruncate } from "../classify/staleness.ts";
import type { RowEvent, SourceEvent, Truncate } from "../data/event.ts";
import type { SourceRecord } from "../data/record.ts";
import type { CdcError } from "../lib/errors.ts";
import type { CheckpointRecord } from "../state/checkpoint-record.ts";
import { snapshotAfter } from "./removal/snapshots.ts";

/**
 * When the first and the last of some records were made, ms since 1970: the commit in the database of a row, Kafka's
 * timestamp of what tells of none.
 */
export type Times = { readonly first: number; readonly last: number };

/** Where one task stands, moved record by record. In memory: making it durable is the checkpoint's work. */
export class TaskOffset {
  #record: CheckpointRecord;
  #times: { first: number; last: number } | null = null;

  constructor(record: CheckpointRecord) {
    this.#record = record;
  }

  /** Of now. It is another object after each move. */
  get record(): CheckpointRecord {
    return this.#record;
  }

  /** Of the records passed since the last cut; `null` where there are none. */
  get times(): Times | null {
    return this.#times;
  }

  /** A checkpoint begins. @returns the times of what it covers; what is passed from now on is the next one's */
  takeTimes(): Times | null {
    const times = this.#times;
    this.#times = null;
    return times;
  }

  /** Goes past a record with what it came to; `row` is `null` where that was no row. */
  advance(record: SourceRecord, event: SourceEvent | CdcError, row: RowEvent | null): void {
    const { offset, timestamp } = record;
    const { streaming, snapshot } = this.#record;
    this.#passed(row?.time ?? timestamp);
    const isStreamed = row !== null && row.operation !== "read" && !row.incremental;
    this.#move({
      next: offset + 1,
      lastDelete: row !== null && row.row === null ? row.key : null,
      streaming: streaming || isStreamed,
      snapshot: snapshotAfter(snapshot, event, offset),
    });
  }

  /** Goes past a record without any effect. */
  skip({ offset, timestamp }: SourceRecord): void {
    this.#passed(timestamp);
    this.#move({ next: offset + 1, lastDelete: null });
  }

  /** Goes on from another place, for records that do not come in their order. */
  moveTo(record: CheckpointRecord): void {
    this.#record = record;
  }

  /** Stands still, as another object: a checkpoint has something to store, even where no row was changed. */
  touch(): void {
    this.#move({});
  }

  /** Records from before the truncate that come later are stale; an older truncate told again is one of them. */
  remember({ sourcePosition, time }: Pick<Truncate, "sourcePosition" | "time">): void {
    if (!this.isFromBeforeTruncate({ sourcePosition, time }))
      this.#move({ truncated: { sourcePosition, time } });
  }

  isFromBeforeTruncate(event: Pick<RowEvent, "sourcePosition" | "time">): boolean {
    return isBeforeTruncate(this.#record.truncated, event);
  }

  /** New and changed syncs have seen the stored rows up to this key. */
  advanceBackfill(after: string): void {
    const { backfill } = this.#record;
    if (backfill !== null) this.#move({ backfill: { ...backfill, after } });
  }

  /** New and changed syncs have seen every row. */
  completeBackfill(): void {
    this.#move({ backfill: null });
  }

  /** All letters below `control` are done; the rows that a snapshot's end asks to remove, or none, are still to be. */
  passControl(control: number, reconcile = this.#record.reconcile): void {
    this.#move({ control, reconcile });
  }

  #passed(time: number): void {
    if (this.#times === null) this.#times = { first: time, last: time };
    else this.#times.last = time;
  }

  #move(to: Partial<CheckpointRecord>): void {
    this.#record = { ...this.#record, ...to };
  }
}
