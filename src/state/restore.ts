import { CdcError } from "../lib/errors.ts";
import type { OwnedChangelog } from "./changelog.ts";
import type { StoreEntry } from "./store.ts";
import type { TaskStore } from "./task-store.ts";

/** How the state of a task came to be in step with its changelog. */
export type Restored = {
  /**
   * - `current`    the state already had everything in the changelog
   * - `tail`       the end of the changelog was read
   * - `all`        the whole changelog was read
   * - `rewritten`  the changelog was written from the state
   */
  readonly how: "current" | "tail" | "all" | "rewritten";
  readonly entries: number;
  /** The partition was added to its topic after the pipeline had begun with it. */
  readonly isAdded: boolean;
};

export type RestoreOptions = {
  readonly now: number;
  /** A state that is older may lack removals that the changelog forgot meanwhile. */
  readonly deleteRetention_ms: number;
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void;
};

/** Entries of one transaction of a rewrite. */
const REWRITE = 5_000;

/**
 * Brings a task's state in step with its changelog, whichever of the two is behind:
 * - the state folder is gone, or older than the changelog remembers removals: all of the changelog
 * - the process ended between changelog and store, or the folder is from yesterday: the tail
 * - the changelog was made anew or cut (the state is ahead), or never there: it is written from the state
 * @throws CdcError STATE_UNREADABLE where both hold something and neither is known to be the newer
 */
export async function restore(
  state: TaskStore,
  changelog: OwnedChangelog,
  { now, deleteRetention_ms, onProgress }: RestoreOptions,
): Promise<Restored> {
  const { start, end } = changelog.range;
  const stored = await state.changelogOffset();
  const isEmpty = (await state.load()) === null;
  if (stored?.rewriting || (stored !== null && !isEmpty && stored.next > end)) {
    return rewrite(state, changelog);
  }
  const isOld = stored !== null && now - stored.writtenTime > deleteRetention_ms;
  if (isOld) await state.clear();
  const from = stored === null || isEmpty || isOld ? start : Math.max(stored.next, start);
  const found = { entries: 0, isAdded: false };
  for await (const { entries, next, isAdded } of changelog.read(from)) {
    found.isAdded ||= isAdded;
    if (stored === null && !isEmpty && entries.length > 0) throw neither();
    found.entries += entries.length;
    await state.restore(entries, { next });
    // What was read last is the owner's own mark, at the end itself.
    onProgress?.({ done: Math.min(next, end) - from, total: end - from });
  }
  if (stored === null && !isEmpty) return rewrite(state, changelog);
  const how = found.entries === 0 ? "current" : from === start ? "all" : "tail";
  return { how, ...found };
}

/** Forgets the state, here and in the changelog: a removal for each of its entries. */
export async function clearState(
  state: TaskStore,
  changelog: OwnedChangelog | null,
): Promise<void> {
  let batch: StoreEntry[] = [];
  for await (const { key } of state.shared()) {
    batch.push({ key: Buffer.from(key), value: null });
    if (batch.length < REWRITE) continue;
    await changelog?.append(batch);
    batch = [];
  }
  if (batch.length > 0) await changelog?.append(batch);
  await state.clear();
}

async function rewrite(state: TaskStore, changelog: OwnedChangelog): Promise<Restored> {
  // Until it is whole it is no changelog to restore from: a crash in the middle begins again.
  await state.restore([], { next: 0, rewriting: true });
  let written = 0;
  let next = changelog.range.end;
  let batch: StoreEntry[] = [];
  const flush = async () => {
    if (batch.length === 0) return;
    next = await changelog.append(batch);
    written += batch.length;
    batch = [];
  };
  for await (const entry of state.shared()) {
    batch.push(entry);
    if (batch.length === REWRITE) await flush();
  }
  await flush();
  await state.restore([], { next });
  return { how: "rewritten", entries: written, isAdded: false };
}

function neither(): CdcError {
  return new CdcError(
    "STATE_UNREADABLE",
    "the state was kept without a changelog (state.changelog: false), and the changelog topic holds another: " +
      "remove the state folder to go on with the topic's, or delete the topic to go on with the folder's",
  );
}

/** A restore in offsets of the changelog, which may have holes: what was read, and what there is. */
export type RestoreProgress = { readonly done: number; readonly total: number };
