import type { ChangeContext } from "../../classify/change-context.ts";
import type { ControlMessage, RemovalRequest } from "../../coordination/control-message.ts";
import { isBefore, type RowEvent, type SourceEvent } from "../../data/event.ts";
import type { StoredRow } from "../../data/stored-row.ts";
import { CdcError } from "../../lib/errors.ts";
import type { SnapshotProgress } from "../../state/checkpoint-record.ts";

/**
 * The full snapshot that the partition is in after this event. All reads of one snapshot have the same source position,
 * also with changes between them. Without source positions, a change between two reads separates two snapshots.
 */
export function snapshotAfter(
  before: SnapshotProgress | null,
  event: SourceEvent | CdcError,
  offset: number,
): SnapshotProgress | null {
  // A rejected record may have been a read of any row.
  if (event instanceof CdcError) return before && { ...before, hasRejectedRecord: true };
  if (event.kind !== "row" || event.incremental) return before;
  if (event.operation !== "read") return before?.open ? { ...before, open: false } : before;
  const id = idOf(event);
  const continues = before !== null && before.id === id && (before.open || id !== "");
  return continues ? { ...before, open: true } : { id, firstOffset: offset, open: true };
}

/**
 * The control message for a read that Debezium marks as the last of its table: rows from before this snapshot that it did
 * not contain no longer exist in the database.
 */
export function snapshotEnd(
  { event, record, changeId }: ChangeContext,
  skippedSyncs: readonly string[],
): ControlMessage & { kind: "snapshot-end" } {
  const { table, time, sourcePosition } = event;
  const removal = { table, time, sourcePosition, record, changeId, skippedSyncs };
  const { topic, partition } = record;
  return { kind: "snapshot-end", topic, partition, snapshot: idOf(event), removal };
}

/**
 * Whether the row is older than the snapshot and was not in it: no record for it arrived since the snapshot's first read.
 * In a partition without reads of this snapshot the source positions decide. If they are unknown, or a rejected record
 * may have been a read, the row stays.
 */
export function isMissing(
  row: StoredRow,
  seenHere: SnapshotProgress | null,
  { snapshot, removal }: { readonly snapshot: string; readonly removal: RemovalRequest },
): boolean {
  if (row.row === null) return false;
  if (seenHere?.id === snapshot)
    return !seenHere.hasRejectedRecord && row.offset < seenHere.firstOffset;
  const { sourcePosition } = removal;
  return (
    sourcePosition !== null &&
    row.sourcePosition !== null &&
    isBefore(row.sourcePosition, sourcePosition)
  );
}

function idOf({ sourcePosition }: RowEvent): string {
  return sourcePosition ?? "";
}
