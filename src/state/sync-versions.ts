import { CdcError } from "../lib/errors.ts";

/** A sync of the current settings. */
export type CurrentSync = { readonly name: string; readonly fingerprint: SyncFingerprint };

/** Hashes of the settings that decide which rows a sync includes and what it sends. Each change needs another backfill. */
export type SyncFingerprint = {
  /** Key and column types of the model. */
  readonly reading: string;
  readonly type: string;
  readonly filter: string;
  readonly users: string;
  readonly mapping: string;
};

/** Stored rows name syncs by number: an entry's index is the sync's number and never changes. */
export type SyncEntry = {
  readonly name: string;
  readonly fingerprint: SyncFingerprint;
  /** The end of the partition when the sync first started in it. */
  readonly boundary: number;
  /** The sync was removed from the settings; its memberships are not used any more. */
  readonly retired?: boolean;
};

/** Why a sync needs a backfill: it is new, or its users, its mapping or only its filter have changed. */
export type Pending = "new" | "users" | "mapping" | "filter";

/** From weakest to strongest: a stronger one includes the work of the weaker ones. */
const STRENGTH: readonly Pending[] = ["filter", "mapping", "users", "new"];

export type Registered = {
  readonly syncs: readonly SyncEntry[];
  /** By sync number. */
  readonly pending: { readonly [number: string]: Pending };
};

/**
 * Compares the syncs of the settings with those of the stored rows. In an empty state all are new and none needs a
 * backfill.
 * @throws CdcError SYNCS_CHANGED if the model's key or column types differ from those that the rows were read with
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

/** Merges the backfills that were pending before with those needed now. */
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
      `the model of sync "${name}" has another key or other column types than the stored rows were read with. ` +
        "Restore them, or run with --rebuild to rebuild the state from the records in the topic",
    );
  }
  if (before.type !== now.type) return "new";
  if (before.users !== now.users) return "users";
  if (before.mapping !== now.mapping) return "mapping";
  return before.filter === now.filter ? null : "filter";
}
