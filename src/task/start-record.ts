import {
  type BackfillProgress,
  type CheckpointRecord,
  INITIAL_CHECKPOINT,
  type TaskRecord,
} from "../state/checkpoint-record.ts";
import {
  bothPending,
  type Registered,
  registerSyncs,
  type SyncEntry,
} from "../state/sync-versions.ts";
import type { TopicTopology } from "../topology/topology.ts";
import type { StartOffset } from "./start-offset.ts";

/** The syncs and the checkpoint record that a task starts with. */
export type StartRecord = {
  readonly syncs: readonly SyncEntry[];
  readonly record: CheckpointRecord;
};

/**
 * @param known what the store holds; `null` if it is empty
 * @throws CdcError SYNCS_CHANGED if a model reads its records differently than the stored rows were read
 */
export function startRecord(
  { models }: TopicTopology,
  known: TaskRecord | null,
  { next, boundary }: StartOffset,
): StartRecord {
  const current = models
    .flatMap((model) => model.syncs)
    .map(({ sync, fingerprint }) => ({ name: sync.name, fingerprint }));
  const { syncs, pending } = registerSyncs(known?.syncs ?? null, current, boundary);
  const backfill = backfillOf(known?.backfill ?? null, pending);
  return { syncs, record: { ...INITIAL_CHECKPOINT, ...known, next, backfill } };
}

/** A backfill that was interrupted continues. If more syncs need one, all pending syncs start at the first row again. */
function backfillOf(
  before: BackfillProgress | null,
  pending: Registered["pending"],
): BackfillProgress | null {
  if (Object.keys(pending).length === 0) return before;
  return { after: null, pending: bothPending(before?.pending ?? {}, pending) };
}
