import type { HandOver } from "../hand-over.ts";
import type { StoredRow } from "../stored-row.ts";
import type { SyncEntry } from "./position-record.ts";
import { decodeStoredRow, encodeStoredRow } from "./row-codec.ts";

/** A stored row as it is handed over to another task, which numbers the syncs for itself. */
export function handed(
  row: StoredRow | null,
  syncs: readonly SyncEntry[],
): Pick<HandOver, "row" | "syncs"> {
  return {
    row: row === null ? null : encodeStoredRow(row, 0),
    syncs: syncs.map(({ name, retired }) => (retired ? "" : name)),
  };
}

/** The row with the numbers that this task has for the syncs; `null` where its old key was never seen. */
export function handedRow(
  { row, syncs: names }: HandOver,
  syncs: readonly SyncEntry[],
): StoredRow | null {
  if (row === null) return null;
  const stored = decodeStoredRow(row);
  const numberOf = (theirs: number) =>
    syncs.findIndex(({ name, retired }) => !retired && name === names[theirs]);
  return {
    ...stored,
    members: stored.members.map(numberOf).filter((number) => number >= 0),
    behind: stored.behind
      .map(({ sync, row: known }) => ({ sync: numberOf(sync), row: known }))
      .filter(({ sync }) => sync >= 0),
  };
}
