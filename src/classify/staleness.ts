import { isBefore, type RowEvent, type Truncate } from "../data/event.ts";
import type { StoredRow } from "../data/stored-row.ts";

/**
 * Whether the record is older than the stored row: Debezium has sent it again. A lower source position with a later
 * commit time is a new or restored server. Only the commit time shows this, because Debezium's own time increases when it
 * repeats a record.
 */
export function isStale(previous: StoredRow | null, event: RowEvent): boolean {
  return movesBackward(previous, event) && !isLater(previous, event);
}

function isLater(previous: StoredRow | null, { time, isCommitTime }: RowEvent): boolean {
  return isCommitTime && previous !== null && time > previous.time;
}

/** Equal positions are applied: an upsert is harmless, and all rows of a snapshot have the same position. */
export function movesBackward(previous: StoredRow | null, event: RowEvent): boolean {
  return (
    previous !== null &&
    previous.sourcePosition !== null &&
    event.sourcePosition !== null &&
    isBefore(event.sourcePosition, previous.sourcePosition)
  );
}

/** A truncate, or anything else with a source position. */
type SourcePoint = Pick<Truncate, "sourcePosition" | "time">;

/**
 * Whether the stored row is from before the truncate: by source position, else by commit time. A truncate with a lower
 * position and a later commit time is from a new or restored server.
 */
export function isRemovedBy(truncate: SourcePoint, row: StoredRow): boolean {
  if (row.row === null) return false;
  if (row.sourcePosition === null || truncate.sourcePosition === null)
    return row.time <= truncate.time;
  return isBefore(row.sourcePosition, truncate.sourcePosition) || row.time < truncate.time;
}

/** Whether a record that arrives after the truncate is from before it and therefore stale. */
export function isBeforeTruncate(
  truncate: SourcePoint | null,
  { sourcePosition, time }: SourcePoint,
): boolean {
  if (truncate === null) return false;
  if (sourcePosition === null || truncate.sourcePosition === null) return time < truncate.time;
  return isBefore(sourcePosition, truncate.sourcePosition) && time <= truncate.time;
}

/**
 * Whether the stored row is newer than a dead-lettered record: by source position, else by offset. A redelivered record
 * has a later offset although its change is older.
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
