import type { Clock } from "../clock.ts";
import type { StoredRow } from "../stored-row.ts";
import {
  decodeTaskRecord,
  encodeTaskRecord,
  type PositionRecord,
  type SyncEntry,
  type TaskRecord,
} from "./position-record.ts";
import { decodeStoredRow, encodeStoredRow, markedAt } from "./row-codec.ts";
import type { Store, StoreEntry } from "./store.ts";

/** Keys: `p` the task record, `r<row key>` a row, `d<time><row key>` when a deletion mark was made. */
const TASK = Buffer.from("p");
const ROWS = { from: Buffer.from("r"), to: Buffer.from("s") };
const TIME_DIGITS = 15;

/**
 * Deletion marks are looked through once a minute, some at a time, so that no checkpoint waits for long; where more are
 * due, the next checkpoint goes on.
 */
const SWEEP_INTERVAL_MS = 60_000;
const SWEEP_MARKS = 1_000;

/** Uncommitted rows up to a position, ready to be written in one batch. */
export type Cut = {
  readonly rows: ReadonlyMap<string, StoredRow>;
  readonly position: PositionRecord;
};

/**
 * The rows of one task: the store, and above it what was processed and is not yet committed. A read sees the newest,
 * wherever it stands.
 */
export class TaskState {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #forgetDeletedAfter: number;
  #open = new Map<string, StoredRow>();
  #cut: Cut | null = null;
  #swept: number;

  constructor(store: Store, clock: Clock, forgetDeletedAfter: number) {
    this.#store = store;
    this.#clock = clock;
    this.#forgetDeletedAfter = forgetDeletedAfter;
    this.#swept = clock.now();
  }

  /** Rows that are processed and not yet in the store. */
  get uncommitted(): number {
    return this.#open.size + (this.#cut?.rows.size ?? 0);
  }

  /** What the last checkpoint left, or `null` on an empty store. */
  async load(): Promise<TaskRecord | null> {
    const [bytes] = await this.#store.get([TASK]);
    return bytes ? decodeTaskRecord(bytes) : null;
  }

  /** Makes the start itself durable, before the first record: boundaries must not move on a later start. */
  begin(position: PositionRecord, syncs: readonly SyncEntry[]): Promise<void> {
    return this.#store.write([{ key: TASK, value: encodeTaskRecord(position, syncs) }]);
  }

  /**
   * The rows of the keys, for a group of records at once. What is uncommitted is taken along: a checkpoint may move it
   * into the store while the rest is being read.
   */
  async prefetch(keys: ReadonlySet<string>): Promise<ReadonlyMap<string, StoredRow>> {
    const found = new Map<string, StoredRow>();
    const missing: string[] = [];
    for (const key of keys) {
      const row = this.#uncommitted(key);
      if (row) found.set(key, row);
      else missing.push(key);
    }
    const values = await this.#store.get(missing.map(rowKey));
    values.forEach((value, i) => {
      if (value) found.set(missing[i] as string, decodeStoredRow(value));
    });
    return found;
  }

  /** The newest row of the key: uncommitted, else as prefetched. */
  row(key: string, prefetched: ReadonlyMap<string, StoredRow>): StoredRow | null {
    return this.#uncommitted(key) ?? prefetched.get(key) ?? null;
  }

  put(key: string, row: StoredRow): void {
    this.#open.set(key, row);
  }

  /** Every row, the newest of each: what is uncommitted first, then the rest of the store. */
  async *rows(): AsyncIterable<readonly [string, StoredRow]> {
    const newest = new Map([...(this.#cut?.rows ?? []), ...this.#open]);
    yield* newest;
    for await (const { key, value } of this.#store.scan(ROWS.from, ROWS.to)) {
      const name = key.toString("utf8", 1);
      if (!newest.has(name)) yield [name, decodeStoredRow(value)];
    }
  }

  /** Takes everything uncommitted as one cut at the position; new rows gather above it. One cut at a time. */
  cut(position: PositionRecord): Cut {
    this.#cut = { rows: this.#open, position };
    this.#open = new Map();
    return this.#cut;
  }

  /** Writes the cut: rows and position in one batch. */
  async commit(cut: Cut, syncs: readonly SyncEntry[]): Promise<void> {
    const now = this.#clock.now();
    const entries: StoreEntry[] = [...(await this.#forgotten(now))];
    for (const [key, row] of cut.rows) {
      entries.push({ key: rowKey(key), value: encodeStoredRow(row, now) });
      if (row.row === null) entries.push({ key: markKey(now, key), value: Buffer.alloc(0) });
    }
    entries.push({ key: TASK, value: encodeTaskRecord(cut.position, syncs) });
    await this.#store.write(entries);
    this.#cut = null;
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  #uncommitted(key: string): StoredRow | undefined {
    return this.#open.get(key) ?? this.#cut?.rows.get(key);
  }

  /** Removes of deletion marks that are older than they need to be. */
  async #forgotten(now: number): Promise<readonly StoreEntry[]> {
    if (now - this.#swept < SWEEP_INTERVAL_MS) return [];
    this.#swept = now;
    let marks = 0;
    const removals: StoreEntry[] = [];
    const oldest = now - this.#forgetDeletedAfter;
    for await (const { key } of this.#store.scan(markKey(0, ""), markKey(oldest, ""))) {
      const row = Buffer.concat([ROWS.from, key.subarray(1 + TIME_DIGITS)]);
      const [value] = await this.#store.get([row]);
      const made = value ? markedAt(value) : null;
      if (made !== null && made < oldest) removals.push({ key: row, value: null });
      removals.push({ key, value: null });
      marks += 1;
      if (marks < SWEEP_MARKS) continue;
      this.#swept = 0;
      break;
    }
    return removals;
  }
}

function rowKey(key: string): Buffer {
  return Buffer.from(`r${key}`);
}

function markKey(time: number, key: string): Buffer {
  return Buffer.from(`d${String(time).padStart(TIME_DIGITS, "0")}${key}`);
}
