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
 * Keys: `p` the task record, `r<row key>` a row, `h<old and new key>` a row that changes its key; and, in this store
 * alone, `d<time><row key>` when a deletion mark was made and `c` the place in the changelog.
 */
const TASK = Buffer.from("p");
const ROW = Buffer.from("r");
const CHANGELOG_OFFSET = Buffer.from("c");
const TIME_DIGITS = 15;
const EMPTY = Buffer.alloc(0);
const CLEAR_BATCH = 1_000;

/**
 * Deletion marks are looked through once a minute, some at a time, so that no checkpoint waits for long; where more are
 * due, the next checkpoint goes on.
 */
const SWEEP_INTERVAL_MS = 60_000;
const SWEEP_MARKS = 1_000;

/** Everything uncommitted up to a position, ready to be written in one batch. */
export type PendingState = {
  readonly rows: PendingWrites;
  readonly handovers: PendingWrites;
  readonly checkpoint: CheckpointRecord;
};

/** A cut as bytes: what store and changelog have alike, and what only the store has. */
export type PendingEntries = {
  readonly shared: readonly StoreEntry[];
  readonly local: readonly StoreEntry[];
};

/** How far the store is in step with its changelog. */
export type ChangelogOffset = {
  /** The next offset to read. */
  readonly next: number;
  /** When that was, ms since 1970. */
  readonly writtenTime: number;
  /** The changelog is being written anew from this store. */
  readonly rewriting?: boolean;
};

/** What one task knows: its rows and what is on its way to it, in the store and not yet written. */
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
      encode: (row) => encodeStoredRow(row, row.row === null ? clock.now() : 0),
      decode: decodeStoredRow,
    });
    this.handovers = new Handovers(store);
    this.#clock = clock;
    this.#deleteRetention = deleteRetention;
    this.#swept = clock.now();
  }

  /** Rows that are processed and not yet in the store. */
  get uncommitted(): number {
    return this.#rows.size + this.handovers.size;
  }

  /** How long they are, in characters of their text. */
  get uncommittedLength(): number {
    return this.#rows.length + this.handovers.length;
  }

  /** What the last checkpoint left, or `null` on an empty store. */
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

  /** The newest row of the key, for who only looks, and whether it is in the store. */
  async lookup(
    key: string,
  ): Promise<{ readonly row: StoredRow | null; readonly isStored: boolean }> {
    const { value, isWritten } = await this.#rows.lookup(key);
    return { row: value, isStored: isWritten };
  }

  put(key: string, row: StoredRow): void {
    this.#rows.put(key, row);
  }

  /** Every row, the newest of each; in the store those behind the key `after`, in the order of keys. */
  rows(after: string | null = null): AsyncIterable<readonly [string, StoredRow]> {
    return this.#rows.entries(after);
  }

  /** Takes everything uncommitted as one cut at the position. One cut at a time. */
  freeze(checkpoint: CheckpointRecord): PendingState {
    return { rows: this.#rows.freeze(), handovers: this.handovers.freeze(), checkpoint };
  }

  /** The cut as it is written, with removes of what is older than it needs to be. */
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
    return { shared, local: [...expired.local, ...marksOf(rows, now)] };
  }

  /** Writes a cut's entries in one batch, with the changelog's offset that follows them where there is one. */
  async commit({ shared, local }: PendingEntries, next: number | null): Promise<void> {
    const offset = next === null ? [] : [this.#changelogOffsetEntry({ next })];
    await this.#store.write([...shared, ...local, ...offset]);
    this.#rows.written();
    this.handovers.written();
  }

  /** How far the store is in step with its changelog; `null` where it never was with one. */
  async changelogOffset(): Promise<ChangelogOffset | null> {
    const [bytes] = await this.#store.get([CHANGELOG_OFFSET]);
    if (!bytes) return null;
    const { at: writtenTime, ...rest } = JSON.parse(bytes.toString("utf8"));
    return { ...rest, writtenTime };
  }

  /** Takes over what the changelog has, up to the offset. */
  async restore(
    entries: readonly StoreEntry[],
    offset: Omit<ChangelogOffset, "writtenTime">,
  ): Promise<void> {
    const marks = entries.flatMap(({ key, value }) => {
      const made = value && key[0] === ROW[0] ? deleteMarkerTime(value) : null;
      return made === null
        ? []
        : [{ key: deleteMarkerKey(made, key.toString("utf8", 1)), value: EMPTY }];
    });
    await this.#store.write([...entries, ...marks, this.#changelogOffsetEntry(offset)]);
  }

  /** Everything that the changelog has to have, the task record last. */
  async *shared(): AsyncIterable<StoreEntry> {
    yield* this.#store.scan(Buffer.from("h"), Buffer.from("i"));
    yield* this.#store.scan(ROW, Buffer.from("s"));
    const [value] = await this.#store.get([TASK]);
    if (value) yield { key: TASK, value };
  }

  /** Forgets everything, a batch at a time. */
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

  /** What it takes; `null` where that is not known. */
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

  /** Removes of deletion marks, and of rows handed over that nobody took. */
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
      const made = value ? deleteMarkerTime(value) : null;
      if (made !== null && made < oldest) shared.push({ key: row, value: null });
      local.push({ key, value: null });
      if (local.length < SWEEP_MARKS) continue;
      this.#swept = 0;
      break;
    }
    return { shared, local };
  }
}

/** When each deletion mark of the cut was made, so that it can be found again when it is old. */
function* marksOf(rows: PendingWrites, now: number): Iterable<StoreEntry> {
  for (const [key, text] of rows) {
    if (text !== null && isDeleteMarker(text))
      yield { key: deleteMarkerKey(now, key), value: EMPTY };
  }
}

function deleteMarkerKey(time: number, key: string): Buffer {
  return Buffer.from(`d${String(time).padStart(TIME_DIGITS, "0")}${key}`);
}
