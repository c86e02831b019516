import type { RowEvent } from "../data/event.ts";
import type { StoredRow } from "../data/stored-row.ts";
import type { SyncRule } from "./rules.ts";

/** The record's context in its partition. */
export type RecordContext = {
  readonly offset: number;
  /** Whether a streamed record (not a snapshot read) of this partition came before it. */
  readonly streaming: boolean;
  /** Syncs whose boundary the record is below, if its offset is one of another partition. */
  readonly skippedSyncs?: readonly string[];
  /** The row existed under another key, and its previous values are unknown. */
  readonly keyChanged?: boolean;
};

/**
 * Why a row is an initial result:
 *
 * - `below`       the record is below the boundary of the sync
 * - `incremental` an incremental snapshot reads a row that was never seen
 * - `update`      an update of a row that was never seen
 * - `read`        a snapshot read before the first streamed record of the partition
 */
export type InitialReason = "below" | "incremental" | "update" | "read";

/** Why the row is an initial result for the sync; `null` if it is none. */
export function whyInitial(
  previous: StoredRow | null,
  { operation, incremental, before }: RowEvent,
  { offset, streaming, skippedSyncs }: RecordContext,
  { name, boundary }: SyncRule,
): InitialReason | null {
  if (skippedSyncs ? skippedSyncs.includes(name) : offset < boundary) return "below";
  if (previous !== null || before !== null) return null;
  if (incremental) return "incremental";
  if (operation === "update") return "update";
  return operation === "read" && !streaming ? "read" : null;
}
