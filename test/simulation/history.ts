import {
  type Change,
  commitTimeOf,
  heartbeat,
  insert,
  read,
  remove,
  tombstone,
  truncate,
  update,
} from "../support/table.ts";
import type { RandomSource } from "./random-source.ts";
import { type User, Users } from "./users.ts";

/** A record for a partition, and the time since the previous one. */
export type RecordStep = {
  readonly partition: number;
  readonly change: Change;
  readonly after_ms: number;
};

/**
 * Waits before the next record:
 * - `all processed`          until all records are processed and durable
 * - `all processes current`  also until every former owner knows its assignment: it could otherwise send messages about
 *   rows from before a truncate that it has not read
 * - `new settings`           the same; then every process restarts with the scenario's later settings
 */
export type Step = RecordStep | Wait;
export type Wait = "all processed" | "all processes current" | "new settings";

const WEIGHTS = {
  insert: 8,
  update: 16,
  delete: 4,
  "key change": 4,
  truncate: 0.5,
  snapshot: 1,
  redelivery: 1.5,
  rejected: 1,
  heartbeat: 0.5,
};

/** Changes of a small table, as Debezium writes them: in several partitions, some of them twice. */
export class History {
  readonly steps: Step[] = [];
  /** Times when each row moved to another partition with a new key, by uid: no order is guaranteed between partitions. */
  readonly moves = new Map<number, number[]>();
  /** The uids of rows that were deleted before their first record. */
  readonly unseen = new Set<number>();
  readonly #random: RandomSource;
  readonly #partitions: number;
  readonly #users: Users;
  /** Records since the last wait, with the LSN of their change. */
  #recent: { readonly partition: number; readonly change: Change; readonly lsn: number }[] = [];
  #lsn = 10;

  /** @param isReconfigured whether the pipeline's settings change */
  constructor(random: RandomSource, partitions: number, isReconfigured: boolean) {
    this.#random = random;
    this.#partitions = partitions;
    this.#users = new Users(random);
    const count = random.between(8, 60);
    const apply = (most: number) => {
      while (this.#recent.length < most) this.#apply(random.weighted(WEIGHTS));
    };
    if (isReconfigured) {
      apply(count / 2);
      this.#wait("new settings");
    }
    apply(count);
  }

  #apply(what: keyof typeof WEIGHTS): void {
    const row = this.#users.pick();
    this.#lsn += this.#random.between(1, 5);
    switch (what) {
      case "insert":
        return this.#insert();
      case "update":
        return row === null ? this.#insert() : this.#update(row);
      case "delete":
        if (row) this.#delete(row);
        return;
      case "key change":
        if (row) this.#changeKey(row);
        return;
      case "truncate":
        return this.#truncate();
      case "snapshot":
        return this.#snapshot();
      case "redelivery":
        return this.#redeliver();
      case "rejected":
        return this.#reject();
      case "heartbeat":
        return this.#emit(this.#random.between(0, this.#partitions - 1), heartbeat());
    }
  }

  #insert(): void {
    const id = this.#users.freeId();
    if (id === null) return;
    const row = this.#users.created(id);
    this.#users.rows.set(id, row);
    this.#emit(this.#partitionOf(id), insert(row, this.#lsn));
  }

  /** Four of ten change no watched column. */
  #update(row: User): void {
    const next = this.#random.chance(0.4)
      ? { ...row, logins: row.logins + 1 }
      : this.#users.changed(row, false);
    this.#users.rows.set(row.id, next);
    this.#emit(this.#partitionOf(row.id), update(next, this.#lsn));
  }

  #delete({ id }: User): void {
    this.#users.rows.delete(id);
    this.#emit(this.#partitionOf(id), remove(id, this.#lsn));
    this.#emit(this.#partitionOf(id), tombstone(id));
  }

  /** A delete and a create, which may be in two partitions and arrive in either order. */
  #changeKey(row: User): void {
    const id = this.#users.freeId();
    if (id === null) return;
    const [from, to] = [this.#partitionOf(row.id), this.#partitionOf(id)];
    const next = { ...row, id, email: this.#random.chance(0.3) ? this.#users.email() : row.email };
    this.#users.rows.delete(row.id);
    this.#users.rows.set(id, next);
    const deletion = { ...remove(row.id, this.#lsn), headers: header("newkey", id) };
    const creation = { ...insert(next, this.#lsn), headers: header("oldkey", row.id) };
    if (from !== to)
      this.moves.set(row.uid, [...(this.moves.get(row.uid) ?? []), commitTimeOf(this.#lsn)]);
    const halves: [number, Change][][] = [
      [
        [from, deletion],
        [from, tombstone(row.id)],
      ],
      [[to, creation]],
    ];
    if (from !== to && this.#random.chance(0.5)) halves.reverse();
    for (const [partition, change] of halves.flat()) this.#emit(partition, change);
  }

  /** Waits separate it from records in other partitions, because no order is guaranteed between them. */
  #truncate(): void {
    const leader = this.#random.between(0, this.#partitions - 1);
    this.#wait("all processed");
    const own = [...this.#users.rows.values()].filter(({ id }) => this.#partitionOf(id) === leader);
    if (own.length > 0 && this.#random.chance(0.5)) this.#update(this.#random.pick(own));
    this.#lsn += 2;
    this.#emit(leader, truncate(this.#lsn));
    this.#users.rows.clear();
    this.#wait("all processes current");
    if (!this.#random.chance(0.5)) return;
    // A late record in another partition: an insert from before the truncate, of a row without any other record.
    const row = this.#users.created(100 + this.#lsn);
    this.unseen.add(row.uid);
    this.#emit(this.#partitionOf(row.id), insert(row, this.#lsn - 1));
  }

  #wait(wait: Wait): void {
    this.steps.push(wait);
    this.#recent = [];
  }

  /** Reads every row again; the connector may have missed some changes before. */
  #snapshot(): void {
    for (const row of [...this.#users.rows.values()]) {
      const next = this.#random.chance(0.15) ? this.#users.changed(row, false) : row;
      this.#users.rows.set(row.id, next);
      this.#emit(this.#partitionOf(row.id), read(next, this.#lsn));
    }
  }

  /** The connector restarts from an earlier LSN: v1 v2 v3 v1 v2 v3. */
  #redeliver(): void {
    const from = this.#recent.at(-this.#random.between(2, 8))?.lsn;
    const again = this.#recent.filter(({ lsn }) => from !== undefined && lsn >= from);
    // All records of a change are repeated: a delete with its tombstone, both records of a key change.
    for (const { partition, change, lsn } of again) this.#emit(partition, change, lsn);
  }

  #reject(): void {
    const partition = this.#random.between(0, this.#partitions - 1);
    const broken = [
      { key: { id: partition }, value: "{oops" },
      { key: null, value: insert({ id: 1 }, this.#lsn).value },
      { key: { id: partition }, value: [1, 2] },
    ];
    this.#emit(partition, this.#random.pick(broken));
  }

  #emit(partition: number, change: Change, lsn = this.#lsn): void {
    this.#recent.push({ partition, change, lsn });
    const after_ms = this.#random.chance(0.5) ? 0 : this.#random.between(1, 1_500);
    this.steps.push({ partition, change, after_ms });
  }

  #partitionOf(id: number): number {
    return partitionOf(id, this.#partitions);
  }
}

export function partitionOf(id: number, partitions: number): number {
  return id % partitions;
}

function header(name: "newkey" | "oldkey", id: number): Change["headers"] {
  return { [`__debezium.${name}`]: Buffer.from(JSON.stringify({ id })) };
}
