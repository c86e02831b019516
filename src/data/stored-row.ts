import type { SourcePosition } from "./event.ts";
import type { LastMessagesText } from "./last-message-codec.ts";
import type { Row } from "./row.ts";

/** One for all rows: most have nothing unknown and nobody behind, and each list would live as long as its row. */
export const EMPTY_LIST: readonly never[] = Object.freeze([]);

/** What the store keeps of a key: its last row, where that came from, and which syncs count it as a member. */
export type StoredRow = {
  /** The last row, or `null`: a deletion mark, which keeps late records from before the removal stale. */
  readonly row: Row | null;
  /** Offset of the record that it came from. */
  readonly offset: number;
  readonly sourcePosition: SourcePosition | null;
  /** Commit time at that position, ms since 1970. */
  readonly time: number;
  /** Numbers of the syncs that count the row as a member. */
  readonly members: readonly number[];
  /** Commit time at which each of them began to, ms since 1970; 0 where nobody knows. */
  readonly since: readonly number[];
  /** Members whose model could not take a later row: the row that they know, by the sync's number. */
  readonly pinned: readonly { readonly sync: number; readonly row: Row }[];
  /** Columns that have a value which was never seen (PostgreSQL's TOAST): not NULL, whatever it is. */
  readonly unknown: readonly string[];
  /** What each sync told of it last. */
  readonly lastMessages: LastMessagesText;
};
