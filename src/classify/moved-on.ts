import { isBefore, type RowEvent } from "../event.ts";
import type { StoredRow } from "../stored-row.ts";
import { isStale } from "./stale.ts";

/**
 * Whether the store has the row from later than a record that was set aside. Places in the database's log say so, and
 * where they do not, offsets in the partition; a redelivery stands later in the partition with what was before.
 */
export function hasMovedOn(stored: StoredRow | null, event: RowEvent, offset: number): boolean {
  if (stored === null) return false;
  if (isStale(stored, event)) return true;
  return stored.offset > offset && !isFromBefore(stored, event);
}

function isFromBefore({ position, time }: StoredRow, event: RowEvent): boolean {
  if (position === null || event.position === null) return false;
  return isBefore(position, event.position) && (!event.isCommitTime || time <= event.time);
}
