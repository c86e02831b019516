import { isBefore, type RowEvent, type Truncate } from "../data/event.ts";
import type { StoredRow } from "../data/stored-row.ts";

/**
 * Whether the record is from before what the store holds: Debezium tells it again. A position that went back while time
 * went on is a new or restored server's, but only the database's own time says so: Debezium's goes on when it tells a
 * record again.
 */
export function isStale(previous: StoredRow | null, event: RowEvent): boolean {
  return movesBackward(previous, event) && !isLater(previous, event);
}

function isLater(previous: StoredRow | null, { time, isCommitTime }: RowEvent): boolean {
  return isCommitTime && previous !== null && time > previous.time;
}

/** Equal positions are applied: an upsert is harmless, and a snapshot gives all its rows one position. */
export function movesBackward(previous: StoredRow | null, event: RowEvent): boolean {
  return (
    previous !== null &&
    previous.sourcePosition !== null &&
    event.sourcePosition !== null &&
    isBefore(event.sourcePosition, previous.sourcePosition)
  );
}

/** A truncate, or anything else that has a place in the database's log. */
type SourcePoint = Pick<Truncate, "sourcePosition" | "time">;

/**
 * Whether the stored row is from before the truncate: by position, else by commit time. A truncate whose position went
 * back while time went on comes from a new or restored server, as with rows.
 */
export function isRemovedBy(truncate: SourcePoint, row: StoredRow): boolean {
  if (row.row === null) return false;
  if (row.sourcePosition === null || truncate.sourcePosition === null)
    return row.time <= truncate.time;
  return isBefore(row.sourcePosition, truncate.sourcePosition) || row.time < truncate.time;
}

/** Whether a record that comes after the truncate is from before it, and so is stale. */
export function isBeforeTruncate(
  truncate: SourcePoint | null,
  { sourcePosition, time }: SourcePoint,
): boolean {
  if (truncate === null) return false;
  if (sourcePosition === null || truncate.sourcePosition === null) return time < truncate.time;
  return isBefore(sourcePosition, truncate.sourcePosition) && time <= truncate.time;
}

/**
 * Whether the store has the row from later than a record that was set aside. Places in the database's log say so, and
 * where they do not, offsets in the partition; a redelivery stands later in the partition with what was before.
 */
export function isOutdated(stored: StoredRow | null, event: RowEvent, offset: number): boolean {
  if (stored === null) return false;
  if (isStale(stored, event)) return true;
  return stored.offset > offset && !isFromBefore(stored, event);
}

function isFromBefore({ sourcePosition, time }: StoredRow, event: RowEvent): boolean {
  if (sourcePosition === null || event.sourcePosition === null) return false;
  return (
    isBefore(sourcePosition, event.sourcePosition) && (!event.isCommitTime || time <= event.time)
  );
}
