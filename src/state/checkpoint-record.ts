import type { SourcePosition } from "../data/event.ts";
import { CdcError } from "../lib/errors.ts";
import type { Registered, SyncEntry } from "./sync-versions.ts";

/** Where a task stands in its partition. Written in one batch with the rows that it covers. */
export type CheckpointRecord = {
  /** The next offset to process. */
  readonly next: number;
  /** The key of the preceding record where that was a delete: a tombstone that follows belongs to it. */
  readonly lastDelete: string | null;
  /** Whether a streamed record (no snapshot read) has been seen. */
  readonly streaming: boolean;
  /** The last `TRUNCATE` of the table. */
  readonly truncated: {
    readonly sourcePosition: SourcePosition | null;
    readonly time: number;
  } | null;
  /** The next letter of the pipeline's control log to read. */
  readonly control: number;
  /** The last full snapshot that was seen here. */
  readonly snapshot: SnapshotProgress | null;
  /** The letter that told of a snapshot's end, while rows that it did not contain are still to be removed. */
  readonly reconcile: string | null;
  /** The stored rows that new and changed syncs have still to see: all behind the key, `null` where none. */
  readonly backfill: BackfillProgress | null;
};

export type BackfillProgress = {
  readonly after: string | null;
  readonly pending: Registered["pending"];
};

/** A full snapshot: what its reads have in common, the offset of the first of them, and whether no change came since. */
export type SnapshotProgress = {
  readonly id: string;
  readonly firstOffset: number;
  readonly open: boolean;
  /** A record was refused meanwhile, which may have been a read. */
  readonly hasRejectedRecord?: boolean;
};

/** A task that has not begun. */
export const INITIAL_CHECKPOINT: CheckpointRecord = {
  next: 0,
  lastDelete: null,
  streaming: false,
  truncated: null,
  control: 0,
  snapshot: null,
  reconcile: null,
  backfill: null,
};

/** What a task knows besides its rows. */
export type TaskRecord = CheckpointRecord & {
  readonly version: number;
  readonly syncs: readonly SyncEntry[];
};

const VERSION = 1;

/** The task record as it is stored, as JSON. Its names are those of version 1 and differ from the code's. */
type StoredForm = Pick<
  CheckpointRecord,
  "next" | "lastDelete" | "streaming" | "control" | "reconcile"
> & {
  readonly version: number;
  readonly truncated: { readonly position: SourcePosition | null; readonly time: number } | null;
  readonly snapshot: {
    readonly id: string;
    readonly began: number;
    readonly open: boolean;
    readonly hasGap?: boolean;
  } | null;
  readonly walk: BackfillProgress | null;
  readonly syncs: readonly SyncEntry[];
};

export function encodeTaskRecord(record: CheckpointRecord, syncs: readonly SyncEntry[]): Buffer {
  const { next, lastDelete, streaming, truncated, control, snapshot, reconcile, backfill } = record;
  const form: StoredForm = {
    version: VERSION,
    next,
    lastDelete,
    streaming,
    truncated: truncated && { position: truncated.sourcePosition, time: truncated.time },
    control,
    snapshot: snapshot && {
      id: snapshot.id,
      began: snapshot.firstOffset,
      open: snapshot.open,
      hasGap: snapshot.hasRejectedRecord,
    },
    reconcile,
    walk: backfill,
    syncs,
  };
  return Buffer.from(JSON.stringify(form));
}

/** @throws CdcError STATE_UNREADABLE if another version wrote the record */
export function decodeTaskRecord(bytes: Buffer): TaskRecord {
  const form = JSON.parse(bytes.toString("utf8")) as StoredForm;
  const { version, truncated, snapshot, walk, ...rest } = form;
  if (version !== VERSION) {
    throw new CdcError(
      "STATE_UNREADABLE",
      `the state has format ${version} and this version reads ${VERSION}; run the version that wrote it, or a later one`,
    );
  }
  return {
    ...rest,
    version,
    truncated: truncated && { sourcePosition: truncated.position, time: truncated.time },
    snapshot: snapshot && {
      id: snapshot.id,
      firstOffset: snapshot.began,
      open: snapshot.open,
      hasRejectedRecord: snapshot.hasGap,
    },
    backfill: walk,
  };
}
