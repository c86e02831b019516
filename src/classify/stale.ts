import { isBefore, type RowEvent } from "../event.ts";
import type { StoredRow } from "../stored-row.ts";

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
