import type { HandOver } from "../hand-over.ts";
import type { StoredRow } from "../stored-row.ts";
import { tracesOf } from "../trace.ts";
import type { SyncEntry } from "./position-record.ts";
import { decodeStoredRow, encodeStoredRow } from "./row-codec.ts";

/**
 * A stored row as it is handed over to another task, which numbers the syncs for itself.
 * @param from where it was: the messages about it keep the ids that they had there
 */
export function handed(
  row: StoredRow | null,
  syncs: readonly SyncEntry[],
  from: { readonly key: string; readonly partition: number },
): Pick<HandOver, "row" | "syncs"> {
  return {
    row: row && encodeStoredRow({ ...row, traces: tracesOf(row.traces, from) }, 0),
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
    behind: renumbered(stored.behind, numberOf),
    traces: renumbered(stored.traces, numberOf),
  };
}

/** Without those of a sync that this task does not know. */
function renumbered<T extends { readonly sync: number }>(
  all: readonly T[],
  numberOf: (theirs: number) => number,
): T[] {
  return all
    .map((one) => ({ ...one, sync: numberOf(one.sync) }))
    .filter(({ sync }) => sync >= 0);
}
