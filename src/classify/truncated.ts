import { isBefore, type Truncate } from "../event.ts";
import type { StoredRow } from "../stored-row.ts";

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
