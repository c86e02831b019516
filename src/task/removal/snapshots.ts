import type { ChangeContext } from "../../classify/change-context.ts";
import type { ControlMessage, RemovalRequest } from "../../coordination/control-message.ts";
import { isBefore, type RowEvent, type SourceEvent } from "../../data/event.ts";
import type { StoredRow } from "../../data/stored-row.ts";
import { CdcError } from "../../lib/errors.ts";
import type { SnapshotProgress } from "../../state/checkpoint-record.ts";

/**
 * The full snapshot that the partition is in after this event. All reads of one have the same position in the
 * database's log, whatever comes between them; where a connector names none, a change between two reads tells them apart.
 */
export function snapshotAfter(
  before: SnapshotProgress | null,
  event: SourceEvent | CdcError,
  offset: number,
): SnapshotProgress | null {
  // A record that was refused whole may have been a read, of whichever row.
  if (event instanceof CdcError) return before && { ...before, hasRejectedRecord: true };
  if (event.kind !== "row" || event.incremental) return before;
  if (event.operation !== "read") return before?.open ? { ...before, open: false } : before;
  const id = idOf(event);
  const goesOn = before !== null && before.id === id && (before.open || id !== "");
  return goesOn ? { ...before, open: true } : { id, firstOffset: offset, open: true };
}

/**
 * The read that Debezium marks as the table's last has come: tells all tasks of the topic that what they hold from
 * before this snapshot, and it did not contain, is gone from the database.
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
 * Whether the row was there before the snapshot and not in it: nothing was told of it since its first read. In a
 * partition that had no read of this snapshot only the row's place in the database's log can tell; where that is not
 * known, or a read may have been refused, the row stays.
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
