import type { SourcePosition } from "./event.ts";
import type { Row } from "./row.ts";

/** What the store keeps of a key: its last row, where that came from, and which syncs count it as a member. */
export type StoredRow = {
  /** The last row, or `null`: a deletion mark, which keeps late records from before the removal stale. */
  readonly row: Row | null;
  /** Offset of the record that it came from. */
  readonly offset: number;
  readonly position: SourcePosition | null;
  /** Commit time at that position, ms since 1970. */
  readonly time: number;
  /** Numbers of the syncs that count the row as a member. */
  readonly members: readonly number[];
  /** Members whose last row was refused by their filter, so that Segment may hold something older than this row. */
  readonly unsure: readonly number[];
};
