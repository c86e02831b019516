import { isBeforeTruncate } from "../classify/staleness.ts";
import type { RowEvent, SourceEvent, Truncate } from "../data/event.ts";
import type { SourceRecord } from "../data/record.ts";
import { CdcError } from "../lib/errors.ts";
import type { CheckpointRecord } from "../state/checkpoint-record.ts";
import { snapshotAfter } from "./removal/snapshots.ts";

/**
 * Times of the first and the last of some records, ms since 1970: the commit time in the database, or Kafka's timestamp
 * for records that are not rows.
 */
export type Times = { readonly first: number; readonly last: number };

/** The progress of one task, advanced record by record in memory. The checkpoint makes it durable. */
export class TaskOffset {
  #record: CheckpointRecord;
  #version = 0;
  #times: { first: number; last: number } | null = null;

  constructor(record: CheckpointRecord) {
    this.#record = record;
  }

  get record(): CheckpointRecord {
    return this.#record;
  }

  /** Increases with every change: a checkpoint has work if it has stored an earlier version. */
  get version(): number {
    return this.#version;
  }

  /** Times of the records processed since the last checkpoint began; `null` if there are none. */
  get times(): Times | null {
    return this.#times;
  }

  /** A checkpoint begins. @returns the times of the records that it covers */
  takeTimes(): Times | null {
    const times = this.#times;
    this.#times = null;
    return times;
  }

  /** Advances past a processed record. */
  advance(record: SourceRecord, event: SourceEvent | CdcError): void {
    const { offset, timestamp } = record;
    const row = !(event instanceof CdcError) && event.kind === "row" ? event : null;
    const { streaming, snapshot } = this.#record;
    this.#addTime(row?.time ?? timestamp);
    const isStreamed = row !== null && row.operation !== "read" && !row.incremental;
    this.#update({
      next: offset + 1,
      lastDelete: row !== null && row.row === null ? row.key : null,
      streaming: streaming || isStreamed,
      snapshot: snapshotAfter(snapshot, event, offset),
    });
  }

  /** Advances past a record that has no other effect. */
  skip({ offset, timestamp }: SourceRecord): void {
    this.#addTime(timestamp);
    this.#update({ next: offset + 1, lastDelete: null });
  }

  /** Continues at another offset, for records that are not processed in their order. */
  moveTo(record: CheckpointRecord): void {
    this.#update(record);
  }

  /** Gives the next checkpoint work although neither offset nor rows have changed. */
  markDirty(): void {
    this.#version += 1;
  }

  /** Later records from before the truncate are stale; so is an older truncate that is received again. */
  rememberTruncate({ sourcePosition, time }: Pick<Truncate, "sourcePosition" | "time">): void {
    if (!this.isFromBeforeTruncate({ sourcePosition, time }))
      this.#update({ truncated: { sourcePosition, time } });
  }

  isFromBeforeTruncate(event: Pick<RowEvent, "sourcePosition" | "time">): boolean {
    return isBeforeTruncate(this.#record.truncated, event);
  }

  /** New and changed syncs have read the stored rows up to this key. */
  advanceBackfill(after: string): void {
    const { backfill } = this.#record;
    if (backfill !== null) this.#update({ backfill: { ...backfill, after } });
  }

  completeBackfill(): void {
    this.#update({ backfill: null });
  }

  /** All control messages below `control` are handled; `reconcile` is the snapshot end that still waits, if any. */
  advanceControl(control: number, reconcile = this.#record.reconcile): void {
    this.#update({ control, reconcile });
  }

  #addTime(time: number): void {
    if (this.#times === null) this.#times = { first: time, last: time };
    else this.#times.last = time;
  }

  #update(changes: Partial<CheckpointRecord>): void {
    this.#record = { ...this.#record, ...changes };
    this.#version += 1;
  }
}
