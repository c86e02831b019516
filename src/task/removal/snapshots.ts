import type { ChangeContext } from "../../classify/change-context.ts";
import type { Letter, Removal } from "../../coordination/control-message.ts";
import { isBefore, type RowEvent, type SourceEvent } from "../../data/event.ts";
import type { StoredRow } from "../../data/stored-row.ts";
import { CdcError } from "../../lib/errors.ts";
import type { SnapshotSeen } from "../../state/checkpoint-record.ts";

/**
 * The full snapshot that the partition is in after this event. All reads of one have the same position in the
 * database's log, whatever comes between them; where a connector names none, a change between two reads tells them apart.
 */
export function snapshotAfter(
  before: SnapshotSeen | null,
  event: SourceEvent | CdcError,
  offset: number,
): SnapshotSeen | null {
  // A record that was refused whole may have been a read, of whichever row.
  if (event instanceof CdcError) return before && { ...before, hasGap: true };
  if (event.kind !== "row" || event.incremental) return before;
  if (event.operation !== "read") return before?.open ? { ...before, open: false } : before;
  const id = idOf(event);
  const goesOn = before !== null && before.id === id && (before.open || id !== "");
  return goesOn ? { ...before, open: true } : { id, began: offset, open: true };
}

/**
 * The read that Debezium marks as the table's last has come: tells all tasks of the topic that what they hold from
 * before this snapshot, and it did not contain, is gone from the database.
 */
export function snapshotEnd(
  { event, record, place }: ChangeContext,
  silent: readonly string[],
): Letter & { kind: "snapshot-end" } {
  const { table, time, position } = event;
  const removal = { table, time, position, record, place, silent };
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
  seenHere: SnapshotSeen | null,
  { snapshot, removal }: { readonly snapshot: string; readonly removal: Removal },
): boolean {
  if (row.row === null) return false;
  if (seenHere?.id === snapshot) return !seenHere.hasGap && row.offset < seenHere.began;
  const { position } = removal;
  return position !== null && row.position !== null && isBefore(row.position, position);
}

function idOf({ position }: RowEvent): string {
  return position ?? "";
}
