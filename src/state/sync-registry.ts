import { CdcError } from "../errors.ts";
import type { SyncEntry } from "./position-record.ts";

/** A sync as the settings have it now. */
export type CurrentSync = { readonly name: string; readonly fingerprint: string };

/**
 * Holds the syncs of the settings against those that the stored rows know. On an empty state all are new, with the
 * given boundary. Later a new or changed one cannot be told what it missed from here.
 * @throws CdcError SYNCS_CHANGED
 */
export function registerSyncs(
  stored: readonly SyncEntry[] | null,
  current: readonly CurrentSync[],
  boundary: number,
  state: string,
): readonly SyncEntry[] {
  if (stored === null) return current.map((sync) => ({ ...sync, boundary }));
  const live = new Map(stored.flatMap((entry) => (entry.retired ? [] : [[entry.name, entry]])));
  const added = current.filter(({ name }) => !live.has(name));
  const changed = current.filter(({ name, fingerprint }) => {
    const known = live.get(name);
    return known !== undefined && known.fingerprint !== fingerprint;
  });
  if (added.length + changed.length > 0) {
    const what = [
      ...added.map(({ name }) => `"${name}" is new`),
      ...changed.map(({ name }) => `"${name}" has another filter, user, mapping or type`),
    ].join(", ");
    throw new CdcError(
      "SYNCS_CHANGED",
      `the syncs are not those that the state in ${state} was made with: ${what}. Its rows do not say what was sent for them. ` +
        "Give the pipeline another `name` to begin anew beside it, put the setting back, or remove that folder to begin anew",
    );
  }
  const wanted = new Set(current.map(({ name }) => name));
  return stored.map((entry) =>
    entry.retired || wanted.has(entry.name) ? entry : { ...entry, retired: true },
  );
}
