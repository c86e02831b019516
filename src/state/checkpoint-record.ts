import type { SourcePosition } from "../data/event.ts";
import { CdcError } from "../lib/errors.ts";
import type { Registered, SyncEntry } from "./sync-versions.ts";

/** The progress of a task. Written in one batch with the rows that it covers. */
export type CheckpointRecord = {
  /** The next offset to process. */
  readonly next: number;
  /** The key of the previous record if that was a delete: a tombstone for the same key belongs to it. */
  readonly lastDelete: string | null;
  /** Whether a streamed record (not a snapshot read) was processed. */
  readonly streaming: boolean;
  /** The last truncate of the table. */
  readonly truncated: {
    readonly sourcePosition: SourcePosition | null;
    readonly time: number;
  } | null;
  /** The next offset of the control log. */
  readonly control: number;
  /** The last full snapshot in this partition. */
  readonly snapshot: SnapshotProgress | null;
  /** The control message of a snapshot's end, until the rows that the snapshot did not contain are removed. */
  readonly reconcile: string | null;
  /** New and changed syncs still have to read the stored rows after a key; `null` if there are none. */
  readonly backfill: BackfillProgress | null;
};

export type BackfillProgress = {
  readonly after: string | null;
  readonly pending: Registered["pending"];
};

/** A full snapshot: the source position of its reads, the first offset, and whether no change has followed. */
export type SnapshotProgress = {
  readonly id: string;
  readonly firstOffset: number;
  readonly open: boolean;
  /** A record was rejected during the snapshot and may have been a read. */
  readonly hasRejectedRecord?: boolean;
};

/** A task that has not started. */
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

/** The state of a task besides its rows. */
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
