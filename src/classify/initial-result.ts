import type { RowEvent } from "../data/event.ts";
import type { StoredRow } from "../data/stored-row.ts";
import type { SyncRule } from "./rules.ts";

/** Where the record stands in its partition. */
export type RecordContext = {
  readonly offset: number;
  /** Whether a streamed record (no snapshot read) of this partition came before. */
  readonly streaming: boolean;
  /** Syncs to which it lies before their beginning, where that is not told by the offset: it happened in another partition. */
  readonly skippedSyncs?: readonly string[];
  /** The row was there under another key, and what it was there is not known. */
  readonly keyChanged?: boolean;
};

/** Why a row is an initial result. */
export type InitialReason = "below" | "incremental" | "update" | "read";

/**
 * A key never seen is an initial result when its record is one of a row that existed before; below the boundary
 * everything is. `null` where it is none.
 */
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
