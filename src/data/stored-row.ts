import type { SourcePosition } from "./event.ts";
import type { LastMessagesText } from "./last-message-codec.ts";
import type { Row } from "./row.ts";

/** Shared by all rows: most have no unknown columns and no pinned rows, and a list of their own would stay in memory. */
export const EMPTY_LIST: readonly never[] = Object.freeze([]);

/** The stored state of a key: its last row, the record it came from, and its memberships. */
export type StoredRow = {
  /** The last row. `null` is a delete marker, by which late records from before the removal are recognised as stale. */
  readonly row: Row | null;
  /** Offset of the record. */
  readonly offset: number;
  readonly sourcePosition: SourcePosition | null;
  /** Commit time of the record, ms since 1970. */
  readonly time: number;
  /** Numbers of the syncs that include the row. */
  readonly members: readonly number[];
  /** Commit time at which each membership started, ms since 1970; 0 if unknown. */
  readonly since: readonly number[];
  /** Pinned rows, by sync number: the row that a member knows if the filter of its model failed for a later one. */
  readonly pinned: readonly { readonly sync: number; readonly row: Row }[];
  /** Columns with a value that no record contained (PostgreSQL's TOAST). It is not NULL. */
  readonly unknown: readonly string[];
  /** The last message of each sync. */
  readonly lastMessages: LastMessagesText;
};
