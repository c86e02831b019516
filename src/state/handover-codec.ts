import {
  decodeLastMessages,
  encodeLastMessages,
  lastMessagesForOtherKey,
} from "../data/last-message-codec.ts";
import type { StoredRow } from "../data/stored-row.ts";
import type { Handover } from "./handover.ts";
import { decodeStoredRow, encodeStoredRow } from "./row-codec.ts";
import type { SyncEntry } from "./sync-versions.ts";

/**
 * A stored row for another task, whose syncs have other numbers.
 * @param from where the row was: its last messages keep the ids that they had there
 */
export function encodeHandover(
  row: StoredRow | null,
  syncs: readonly SyncEntry[],
  from: { readonly key: string; readonly partition: number },
): Pick<Handover, "row" | "syncs"> {
  return {
    row: row && encodeStoredRow(fromElsewhere(row, from), 0),
    syncs: syncs.map(({ name, retired }) => (retired ? "" : name)),
  };
}

/** The row with this task's sync numbers; `null` if its old key was never seen. */
export function decodeHandover(
  { row, syncs: names }: Handover,
  syncs: readonly SyncEntry[],
): StoredRow | null {
  if (row === null) return null;
  const stored = decodeStoredRow(row);
  const numberOf = (otherNumber: number) =>
    syncs.findIndex(({ name, retired }) => !retired && name === names[otherNumber]);
  const members = renumbered(
    stored.members.map((sync, i) => ({ sync, since: stored.since[i] ?? 0 })),
    numberOf,
  );
  return {
    ...stored,
    members: members.map(({ sync }) => sync),
    since: members.map(({ since }) => since),
    pinned: renumbered(stored.pinned, numberOf),
    lastMessages: encodeLastMessages(
      renumbered(decodeLastMessages(stored.lastMessages, stored), numberOf),
      stored,
    ),
  };
}

function fromElsewhere(row: StoredRow, from: { key: string; partition: number }): StoredRow {
  return {
    ...row,
    lastMessages: encodeLastMessages(lastMessagesForOtherKey(row.lastMessages, row, from), row),
  };
}

/** Without entries of syncs that this task does not have. */
function renumbered<T extends { readonly sync: number }>(
  all: readonly T[],
  numberOf: (otherNumber: number) => number,
): T[] {
  return all.map((one) => ({ ...one, sync: numberOf(one.sync) })).filter(({ sync }) => sync >= 0);
}
