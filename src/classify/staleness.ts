import { isBefore, type RowEvent, type Truncate } from "../data/event.ts";
import type { StoredRow } from "../data/stored-row.ts";

/**
 * Whether the record is from before what the store holds: Debezium tells it again. A position that went back while time
 * went on is a new or restored server's, but only the database's own time says so: Debezium's goes on when it tells a
 * record again.
 */
export function isStale(previous: StoredRow | null, event: RowEvent): boolean {
  return goesBack(previous, event) && !isLater(previous, event);
}

function isLater(previous: StoredRow | null, { time, isCommitTime }: RowEvent): boolean {
  return isCommitTime && previous !== null && time > previous.time;
}

/** Equal positions are applied: an upsert is harmless, and a snapshot gives all its rows one position. */
export function goesBack(previous: StoredRow | null, event: RowEvent): boolean {
  return (
    previous !== null &&
    previous.position !== null &&
    event.position !== null &&
    isBefore(event.position, previous.position)
  );
}

/** A truncate, or anything else that has a place in the database's log. */
type Placed = Pick<Truncate, "position" | "time">;

/**
 * Whether the stored row is from before the truncate: by position, else by commit time. A truncate whose position went
 * back while time went on comes from a new or restored server, as with rows.
 */
export function isRemovedBy(truncate: Placed, row: StoredRow): boolean {
  if (row.row === null) return false;
  if (row.position === null || truncate.position === null) return row.time <= truncate.time;
  return isBefore(row.position, truncate.position) || row.time < truncate.time;
}

/** Whether a record that comes after the truncate is from before it, and so is stale. */
export function isStaleAfter(truncate: Placed | null, { position, time }: Placed): boolean {
  if (truncate === null) return false;
  if (position === null || truncate.position === null) return time < truncate.time;
  return isBefore(position, truncate.position) && time <= truncate.time;
}

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
