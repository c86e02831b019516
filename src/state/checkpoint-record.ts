import type { SourcePosition } from "../data/event.ts";
import { CdcError } from "../lib/errors.ts";
import type { Registered, SyncEntry } from "./sync-versions.ts";

/** Where a task stands in its partition. Written in one batch with the rows that it covers. */
export type PositionRecord = {
  /** The next offset to process. */
  readonly next: number;
  /** The key of the preceding record where that was a delete: a tombstone that follows belongs to it. */
  readonly lastDelete: string | null;
  /** Whether a streamed record (no snapshot read) has been seen. */
  readonly streaming: boolean;
  /** The last `TRUNCATE` of the table. */
  readonly truncated: { readonly position: SourcePosition | null; readonly time: number } | null;
  /** The next letter of the pipeline's control log to read. */
  readonly control: number;
  /** The last full snapshot that was seen here. */
  readonly snapshot: SnapshotSeen | null;
  /** The letter that told of a snapshot's end, while rows that it did not contain are still to be removed. */
  readonly reconcile: string | null;
  /** The stored rows that new and changed syncs have still to see: all behind the key, `null` where none. */
  readonly walk: Walk | null;
};

export type Walk = {
  readonly after: string | null;
  readonly pending: Registered["pending"];
};

/** A full snapshot: what its reads have in common, the offset of the first of them, and whether no change came since. */
export type SnapshotSeen = {
  readonly id: string;
  readonly began: number;
  readonly open: boolean;
  /** A record was refused meanwhile, which may have been a read. */
  readonly hasGap?: boolean;
};

/** A task that has not begun. */
export const UNBEGUN: PositionRecord = {
  next: 0,
  lastDelete: null,
  streaming: false,
  truncated: null,
  control: 0,
  snapshot: null,
  reconcile: null,
  walk: null,
};

/** What a task knows besides its rows. */
export type TaskRecord = PositionRecord & {
  readonly version: number;
  readonly syncs: readonly SyncEntry[];
};

const VERSION = 1;

export function encodeTaskRecord(position: PositionRecord, syncs: readonly SyncEntry[]): Buffer {
  return Buffer.from(JSON.stringify({ version: VERSION, ...position, syncs }));
}

/** @throws CdcError STATE_UNREADABLE where another version wrote it */
export function decodeTaskRecord(bytes: Buffer): TaskRecord {
  const record = JSON.parse(bytes.toString("utf8")) as TaskRecord;
  if (record.version !== VERSION) {
    throw new CdcError(
      "STATE_UNREADABLE",
      `the state has format ${record.version} and this version reads ${VERSION}; run the version that wrote it, or a later one`,
    );
  }
  return record;
}
