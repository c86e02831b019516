import type { Clock } from "../clock.ts";
import type { StoredRow } from "../stored-row.ts";
import { HandOvers, type KeptHandOver } from "./hand-overs.ts";
import { type Cut, entriesOf, Overlay } from "./overlay.ts";
import {
  decodeTaskRecord,
  encodeTaskRecord,
  type PositionRecord,
  type SyncEntry,
  type TaskRecord,
} from "./position-record.ts";
import { decodeStoredRow, encodeStoredRow, markedAt } from "./row-codec.ts";
import type { Store, StoreEntry } from "./store.ts";

/**
 * Keys: `p` the task record, `r<row key>` a row, `d<time><row key>` when a deletion mark was made, `h<old and new key>`
 * a row that changes its key.
 */
const TASK = Buffer.from("p");
const ROW = Buffer.from("r");
const TIME_DIGITS = 15;

/**
 * Deletion marks are looked through once a minute, some at a time, so that no checkpoint waits for long; where more are
 * due, the next checkpoint goes on.
 */
const SWEEP_INTERVAL_MS = 60_000;
const SWEEP_MARKS = 1_000;

/** Everything uncommitted up to a position, ready to be written in one batch. */
export type StateCut = {
  readonly rows: Cut<StoredRow>;
  readonly handOvers: Cut<KeptHandOver>;
  readonly position: PositionRecord;
};

/** What one task knows: its rows and what is on its way to it, in the store and not yet written. */
export class TaskState {
  readonly handOvers: HandOvers;
  readonly #rows: Overlay<StoredRow>;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #forgetDeletedAfter: number;
  #swept: number;

  constructor(store: Store, clock: Clock, forgetDeletedAfter: number) {
    this.#store = store;
    this.#rows = new Overlay(store, "r", decodeStoredRow);
    this.handOvers = new HandOvers(store);
    this.#clock = clock;
    this.#forgetDeletedAfter = forgetDeletedAfter;
    this.#swept = clock.now();
  }

  /** Rows that are processed and not yet in the store. */
  get uncommitted(): number {
    return this.#rows.size + this.handOvers.size;
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

  /** The rows of the keys, for a group of records at once. */
  prefetch(keys: ReadonlySet<string>): Promise<ReadonlyMap<string, StoredRow>> {
    return this.#rows.prefetch(keys);
  }

  /** The newest row of the key: uncommitted, else as prefetched. */
  row(key: string, prefetched: ReadonlyMap<string, StoredRow>): StoredRow | null {
    return this.#rows.get(key, prefetched);
  }

  put(key: string, row: StoredRow): void {
    this.#rows.put(key, row);
  }

  /** Every row, the newest of each. */
  rows(): AsyncIterable<readonly [string, StoredRow]> {
    return this.#rows.entries();
  }

  /** Takes everything uncommitted as one cut at the position. One cut at a time. */
  cut(position: PositionRecord): StateCut {
    return { rows: this.#rows.cut(), handOvers: this.handOvers.cut(), position };
  }

  /** Writes the cut: rows and position in one batch. */
  async commit(
    { rows, handOvers, position }: StateCut,
    syncs: readonly SyncEntry[],
  ): Promise<void> {
    const now = this.#clock.now();
    await this.#store.write([
      ...(await this.#forgotten(now)),
      ...entriesOf(this.#rows, rows, (row) => encodeStoredRow(row, now)),
      ...marksOf(rows, now),
      ...this.handOvers.entriesOf(handOvers),
      { key: TASK, value: encodeTaskRecord(position, syncs) },
    ]);
    this.#rows.written();
    this.handOvers.written();
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  /** Removes of what is older than it needs to be: deletion marks, and rows handed over that nobody took. */
  async #forgotten(now: number): Promise<readonly StoreEntry[]> {
    if (now - this.#swept < SWEEP_INTERVAL_MS) return [];
    this.#swept = now;
    const oldest = now - this.#forgetDeletedAfter;
    const removals: StoreEntry[] = [...(await this.handOvers.forgotten(oldest))];
    let marks = 0;
    for await (const { key } of this.#store.scan(markKey(0, ""), markKey(oldest, ""))) {
      const row = Buffer.concat([ROW, key.subarray(1 + TIME_DIGITS)]);
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

/** When each deletion mark of the cut was made, so that it can be found again when it is old. */
function* marksOf(rows: Cut<StoredRow>, now: number): Iterable<StoreEntry> {
  for (const [key, stored] of rows) {
    if (stored?.row === null) yield { key: markKey(now, key), value: Buffer.alloc(0) };
  }
}

function markKey(time: number, key: string): Buffer {
  return Buffer.from(`d${String(time).padStart(TIME_DIGITS, "0")}${key}`);
}
