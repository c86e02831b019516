import { CdcError } from "../lib/errors.ts";
import type { OwnedChangelog } from "./changelog.ts";
import type { StoreEntry } from "./store.ts";
import type { TaskStore } from "./task-store.ts";

/** The result of a restore. */
export type Restored = {
  /**
   * - `current`    the state already had everything in the changelog
   * - `tail`       the end of the changelog was read
   * - `all`        the whole changelog was read
   * - `rewritten`  the changelog was written from the state
   */
  readonly how: "current" | "tail" | "all" | "rewritten";
  readonly entries: number;
  /** The partition was added to its topic after the pipeline had started with it. */
  readonly isAdded: boolean;
};

export type RestoreOptions = {
  readonly now: number;
  /** An older state may lack removals whose delete markers have expired from the changelog. */
  readonly deleteRetention_ms: number;
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void;
};

/** Entries in one transaction of a rewrite. */
const REWRITE_BATCH = 5_000;

/**
 * Makes a task's state and its changelog equal, whichever of the two is behind:
 * - the state directory is lost, or older than the retention of delete markers: the whole changelog is read
 * - the process ended between the steps changelog and store, or the directory is older: the tail is read
 * - the changelog was recreated or truncated (the state is ahead), or did not exist: it is written from the state
 * @throws CdcError STATE_UNREADABLE if both have entries and it is not known which is newer
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
    if (stored === null && !isEmpty && entries.length > 0) throw ambiguous();
    found.entries += entries.length;
    await state.restore(entries, { next });
    // The last entry read is the owner's own marker, at the end itself.
    onProgress?.({ done: Math.min(next, end) - from, total: end - from });
  }
  if (stored === null && !isEmpty) return rewrite(state, changelog);
  const how = found.entries === 0 ? "current" : from === start ? "all" : "tail";
  return { how, ...found };
}

/** Removes all entries of the state, here and in the changelog. */
export async function clearState(
  state: TaskStore,
  changelog: OwnedChangelog | null,
): Promise<void> {
  let batch: StoreEntry[] = [];
  for await (const { key } of state.shared()) {
    batch.push({ key: Buffer.from(key), value: null });
    if (batch.length < REWRITE_BATCH) continue;
    await changelog?.append(batch);
    batch = [];
  }
  if (batch.length > 0) await changelog?.append(batch);
  await state.clear();
}

async function rewrite(state: TaskStore, changelog: OwnedChangelog): Promise<Restored> {
  // An incomplete changelog must not be restored from: after a crash the rewrite starts again.
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
    if (batch.length === REWRITE_BATCH) await flush();
  }
  await flush();
  await state.restore([], { next });
  return { how: "rewritten", entries: written, isAdded: false };
}

function ambiguous(): CdcError {
  return new CdcError(
    "STATE_UNREADABLE",
    "the state was written without a changelog (state.changelog: false), and the changelog topic has another state: " +
      "remove the state directory to continue with the topic's, or delete the topic to continue with the directory's",
  );
}

/** The progress of a restore in changelog offsets, which may have gaps. */
export type RestoreProgress = { readonly done: number; readonly total: number };
