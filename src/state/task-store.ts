import type { StoredRow } from "../data/stored-row.ts";
import type { Clock } from "../lib/clock.ts";
import {
  type CheckpointRecord,
  decodeTaskRecord,
  encodeTaskRecord,
  type TaskRecord,
} from "./checkpoint-record.ts";
import { Handovers } from "./handovers.ts";
import { decodeStoredRow, deleteMarkerTime, encodeStoredRow, isDeleteMarker } from "./row-codec.ts";
import type { Store, StoreEntry, StoreSize } from "./store.ts";
import type { SyncEntry } from "./sync-versions.ts";
import { type PendingWrites, WriteBuffer } from "./write-buffer.ts";

/**
 * Keys: `p` the task record, `r<row key>` a row, `h<old and new key>` handovers of a primary-key change. Only in this
 * store, not in the changelog: `d<time><row key>` when a delete marker was written, and `c` the changelog offset.
 */
const TASK = Buffer.from("p");
const ROW = Buffer.from("r");
const CHANGELOG_OFFSET = Buffer.from("c");
const TIME_DIGITS = 15;
const EMPTY = Buffer.alloc(0);
const CLEAR_BATCH = 1_000;

/**
 * Expired delete markers are removed once a minute, at most this many by one checkpoint, so that none takes long. If more
 * are expired, the next checkpoint continues.
 */
const SWEEP_INTERVAL_MS = 60_000;
const SWEEP_MARKERS = 1_000;

/** Everything uncommitted when a checkpoint began. It is written in one batch. */
export type PendingState = {
  readonly rows: PendingWrites;
  readonly handovers: PendingWrites;
  readonly checkpoint: CheckpointRecord;
};

/** Pending writes as bytes: entries for store and changelog, and entries for the store alone. */
export type PendingEntries = {
  readonly shared: readonly StoreEntry[];
  readonly local: readonly StoreEntry[];
};

/** How much of its changelog the store has. */
export type ChangelogOffset = {
  /** The next offset to read. */
  readonly next: number;
  /** When this entry was written, ms since 1970. */
  readonly writtenTime: number;
  /** The changelog is being rewritten from this store. */
  readonly rewriting?: boolean;
};

/** The state of one task: its rows and handovers, in the store and in the write buffer above it. */
export class TaskStore {
  readonly handovers: Handovers;
  readonly #rows: WriteBuffer<StoredRow>;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #deleteRetention: number;
  #swept: number;

  constructor(store: Store, clock: Clock, deleteRetention: number) {
    this.#store = store;
    this.#rows = new WriteBuffer(store, "r", {
      encode: (row) => this.encode(row),
      decode: decodeStoredRow,
    });
    this.handovers = new Handovers(store);
    this.#clock = clock;
    this.#deleteRetention = deleteRetention;
    this.#swept = clock.now();
  }

  /** Number of rows and handovers that are not in the store yet. */
  get uncommitted(): number {
    return this.#rows.size + this.handovers.size;
  }

  /** Their length, in characters of their text. */
  get uncommittedLength(): number {
    return this.#rows.length + this.handovers.length;
  }

  /** The task record of the last checkpoint; `null` in an empty store. */
  async load(): Promise<TaskRecord | null> {
    const [bytes] = await this.#store.get([TASK]);
    return bytes ? decodeTaskRecord(bytes) : null;
  }

  /** The rows of the keys, for a group of records at once. */
  prefetch(keys: ReadonlySet<string>): Promise<ReadonlyMap<string, StoredRow>> {
    return this.#rows.prefetch(keys);
  }

  /** The newest row of the key: uncommitted, else as prefetched. */
  row(key: string, prefetched: ReadonlyMap<string, StoredRow>): StoredRow | null {
    return this.#rows.get(key, prefetched);
  }

  /** The newest row of the key, and whether it is in the store. Changes nothing, for `explain`. */
  async lookup(
    key: string,
  ): Promise<{ readonly row: StoredRow | null; readonly isStored: boolean }> {
    const { value, isWritten } = await this.#rows.lookup(key);
    return { row: value, isStored: isWritten };
  }

  /** The row as it is written. */
  encode(row: StoredRow): string {
    return encodeStoredRow(row, row.row === null ? this.#clock.now() : 0);
  }

  /** @param text the encoded row, if the caller has it */
  put(key: string, row: StoredRow, text?: string): void {
    this.#rows.put(key, row, text);
  }

  /** The newest version of every row; in the store only those after the key `after`, in the order of keys. */
  rows(after: string | null = null): AsyncIterable<readonly [string, StoredRow]> {
    return this.#rows.entries(after);
  }

  /** Freezes everything uncommitted as pending writes, until `commit`. One checkpoint at a time. */
  freeze(checkpoint: CheckpointRecord): PendingState {
    return { rows: this.#rows.freeze(), handovers: this.handovers.freeze(), checkpoint };
  }

  /** The entries of pending writes, with removals of expired delete markers and handovers. */
  async entriesOf(
    { rows, handovers, checkpoint }: PendingState,
    syncs: readonly SyncEntry[],
  ): Promise<PendingEntries> {
    const now = this.#clock.now();
    const expired = await this.#expired(now);
    const shared = [
      ...expired.shared,
      ...this.#rows.entriesOf(rows),
      ...this.handovers.entriesOf(handovers),
      { key: TASK, value: encodeTaskRecord(checkpoint, syncs) },
    ];
    return { shared, local: [...expired.local, ...markersOf(rows, now)] };
  }

  /** Writes the entries in one batch, with the changelog offset after them. `next` is `null` without a changelog. */
  async commit({ shared, local }: PendingEntries, next: number | null): Promise<void> {
    const offset = next === null ? [] : [this.#changelogOffsetEntry({ next })];
    await this.#store.write([...shared, ...local, ...offset]);
    this.#rows.written();
    this.handovers.written();
  }

  /** How much of its changelog the store has; `null` if it was never used with one. */
  async changelogOffset(): Promise<ChangelogOffset | null> {
    const [bytes] = await this.#store.get([CHANGELOG_OFFSET]);
    if (!bytes) return null;
    const { at: writtenTime, ...rest } = JSON.parse(bytes.toString("utf8"));
    return { ...rest, writtenTime };
  }

  /** Writes entries of the changelog up to the offset. */
  async restore(
    entries: readonly StoreEntry[],
    offset: Omit<ChangelogOffset, "writtenTime">,
  ): Promise<void> {
    const markers = entries.flatMap(({ key, value }) => {
      const writtenTime = value && key[0] === ROW[0] ? deleteMarkerTime(value) : null;
      return writtenTime === null
        ? []
        : [{ key: deleteMarkerKey(writtenTime, key.toString("utf8", 1)), value: EMPTY }];
    });
    await this.#store.write([...entries, ...markers, this.#changelogOffsetEntry(offset)]);
  }

  /** All entries that belong in the changelog, the task record last. */
  async *shared(): AsyncIterable<StoreEntry> {
    yield* this.#store.scan(Buffer.from("h"), Buffer.from("i"));
    yield* this.#store.scan(ROW, Buffer.from("s"));
    const [value] = await this.#store.get([TASK]);
    if (value) yield { key: TASK, value };
  }

  /** Removes everything, one batch at a time. */
  async clear(): Promise<void> {
    for (;;) {
      const keys: Buffer[] = [];
      for await (const { key } of this.#store.scan(Buffer.from([0]), Buffer.from([255]))) {
        keys.push(Buffer.from(key));
        if (keys.length === CLEAR_BATCH) break;
      }
      if (keys.length === 0) return;
      await this.#store.write(keys.map((key) => ({ key, value: null })));
    }
  }

  /** Its size; `null` if it is not known. */
  async size(): Promise<StoreSize | null> {
    return (await this.#store.size?.()) ?? null;
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  #changelogOffsetEntry(offset: Omit<ChangelogOffset, "writtenTime">): StoreEntry {
    return {
      key: CHANGELOG_OFFSET,
      value: Buffer.from(JSON.stringify({ ...offset, at: this.#clock.now() })),
    };
  }

  /** Removals of expired delete markers, and of handovers whose create never came. */
  async #expired(now: number): Promise<PendingEntries> {
    if (now - this.#swept < SWEEP_INTERVAL_MS) return { shared: [], local: [] };
    this.#swept = now;
    const oldest = now - this.#deleteRetention;
    const shared: StoreEntry[] = [...(await this.handovers.expired(oldest))];
    const local: StoreEntry[] = [];
    for await (const { key } of this.#store.scan(
      deleteMarkerKey(0, ""),
      deleteMarkerKey(oldest, ""),
    )) {
      const row = Buffer.concat([ROW, key.subarray(1 + TIME_DIGITS)]);
      const [value] = await this.#store.get([row]);
      const writtenTime = value ? deleteMarkerTime(value) : null;
      if (writtenTime !== null && writtenTime < oldest) shared.push({ key: row, value: null });
      local.push({ key, value: null });
      if (local.length < SWEEP_MARKERS) continue;
      this.#swept = 0;
      break;
    }
    return { shared, local };
  }
}

/** Index entries by which expired delete markers are found. */
function* markersOf(rows: PendingWrites, now: number): Iterable<StoreEntry> {
  for (const [key, text] of rows) {
    if (text !== null && isDeleteMarker(text))
      yield { key: deleteMarkerKey(now, key), value: EMPTY };
  }
}

function deleteMarkerKey(time: number, key: string): Buffer {
  return Buffer.from(`d${String(time).padStart(TIME_DIGITS, "0")}${key}`);
}
