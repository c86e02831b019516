import { CdcError } from "../lib/errors.ts";

/** A sync as the settings have it now. */
export type CurrentSync = { readonly name: string; readonly fingerprint: SyncFingerprint };

/** Hashes of what decides which rows a sync counts, and what it sends: a change of each asks for something else. */
export type SyncFingerprint = {
  /** How the model reads records: key and column types. */
  readonly reading: string;
  readonly type: string;
  readonly filter: string;
  readonly users: string;
  readonly mapping: string;
};

/** The syncs that the stored rows know by number: an entry's place is the sync's number, for ever. */
export type SyncEntry = {
  readonly name: string;
  readonly fingerprint: SyncFingerprint;
  /** The partition's end when the sync first started there. */
  readonly boundary: number;
  /** The sync was taken out of the settings; its memberships are of no use any more. */
  readonly retired?: boolean;
};

/**
 * What the stored rows have still to be held against: nothing was sent for the sync (`new`), its users were other ones,
 * its mapping was, or its filter alone.
 */
export type Pending = "new" | "users" | "mapping" | "filter";

/** The weaker asks for nothing that the stronger does not. */
const STRENGTH: readonly Pending[] = ["filter", "mapping", "users", "new"];

export type Registered = {
  readonly syncs: readonly SyncEntry[];
  /** By the sync's number. */
  readonly pending: { readonly [number: string]: Pending };
};

/**
 * Holds the syncs of the settings against those that the stored rows know. On an empty state all are new, and there is
 * nothing to hold against them.
 * @throws CdcError SYNCS_CHANGED where the rows themselves were read otherwise
 */
export function registerSyncs(
  stored: readonly SyncEntry[] | null,
  current: readonly CurrentSync[],
  boundary: number,
): Registered {
  const pending: { [number: string]: Pending } = {};
  const wanted = new Map(current.map((sync) => [sync.name, sync.fingerprint]));
  const syncs: SyncEntry[] = (stored ?? []).map((entry, number) => {
    const fingerprint = entry.retired ? undefined : wanted.get(entry.name);
    if (!fingerprint) return { ...entry, retired: true };
    wanted.delete(entry.name);
    const changed = whatChanged(entry, fingerprint);
    if (changed !== null) pending[number] = changed;
    return { ...entry, fingerprint };
  });
  for (const [name, fingerprint] of wanted) {
    if (stored !== null) pending[syncs.length] = "new";
    syncs.push({ name, fingerprint, boundary });
  }
  return { syncs, pending };
}

/** What is pending from before and now. */
export function bothPending(
  before: Registered["pending"],
  now: Registered["pending"],
): Registered["pending"] {
  const all = { ...before };
  for (const [number, pending] of Object.entries(now)) {
    const known = all[number];
    const isStronger = !known || STRENGTH.indexOf(pending) > STRENGTH.indexOf(known);
    if (isStronger) all[number] = pending;
  }
  return all;
}

function whatChanged(
  { name, fingerprint: before }: SyncEntry,
  now: SyncFingerprint,
): Pending | null {
  if (before.reading !== now.reading) {
    throw new CdcError(
      "SYNCS_CHANGED",
      `the model of sync "${name}" has another key or other column types: the stored rows were read otherwise. ` +
        "Put them back, or run with --rebuild to build the state anew from what the topic holds",
    );
  }
  if (before.type !== now.type) return "new";
  if (before.users !== now.users) return "users";
  if (before.mapping !== now.mapping) return "mapping";
  return before.filter === now.filter ? null : "filter";
}
