import { isRemovedBy } from "../classify/truncated.ts";
import type { Letter, Removal } from "../control/letter.ts";
import type { RowEvent } from "../event.ts";
import type { SnapshotSeen } from "../state/position-record.ts";
import type { StoredRow } from "../stored-row.ts";
import type { Occurrence } from "./row-changes.ts";

/**
 * The full snapshot that the partition is in after this event. All reads of one have the same position in the
 * database's log; where a connector names none, a change between two reads tells them apart.
 */
export function seen(
  before: SnapshotSeen | null,
  event: RowEvent,
  offset: number,
): SnapshotSeen | null {
  if (event.incremental) return before;
  if (event.operation !== "read") return before?.open ? { ...before, open: false } : before;
  const id = idOf(event);
  return before?.open && before.id === id ? before : { id, began: offset, open: true };
}

/**
 * The read that Debezium marks as the table's last has come: tells all tasks of the topic that what they hold from
 * before this snapshot, and it did not contain, is gone from the database.
 */
export function snapshotEnd(
  { event, record, place }: Occurrence,
  silent: readonly string[],
): Letter & { kind: "snapshot-end" } {
  const { table, time, position } = event;
  const removal = { table, time, position, record, place, silent };
  const { topic, partition } = record;
  return { kind: "snapshot-end", topic, partition, snapshot: idOf(event), removal };
}

/**
 * Whether the row was there before the snapshot and not in it: nothing was told of it since its first read. A partition
 * that had no read of this snapshot goes by the row's place in the database's log.
 */
export function isMissing(
  row: StoredRow,
  seenHere: SnapshotSeen | null,
  { snapshot, removal }: { readonly snapshot: string; readonly removal: Removal },
): boolean {
  if (row.row === null) return false;
  return seenHere?.id === snapshot ? row.offset < seenHere.began : isRemovedBy(removal, row);
}

function idOf({ position }: RowEvent): string {
  return position ?? "";
}
