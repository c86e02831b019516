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
import type { Dice } from "./dice.ts";
import { type User, Users } from "./users.ts";

/** A record for a partition, and how long after the one before it comes. */
export type Told = {
  readonly partition: number;
  readonly change: Change;
  readonly after_ms: number;
};

/**
 * `all done`: nothing more comes before everything so far is processed and durable; `nobody behind`: nor before every
 * former owner knows that it is none. One that has not read of a truncate would tell of rows from before it.
 * `other settings`: and then every process starts again, with the scenario's later settings.
 */
export type Step = Told | Wait;
export type Wait = "all done" | "nobody behind" | "other settings";

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

/** What happens to a small table, as Debezium tells it: over several partitions, now and then twice. */
export class History {
  readonly steps: Step[] = [];
  /** When each row went to another partition with a new key, by its own name: between partitions no order is promised. */
  readonly moves = new Map<number, number[]>();
  /** Rows, by their own names, that were gone before anybody told of them. */
  readonly unseen = new Set<number>();
  readonly #dice: Dice;
  readonly #partitions: number;
  readonly #users: Users;
  /** Since everything was done, with the place in the database's log. */
  #told: { readonly partition: number; readonly change: Change; readonly of: number }[] = [];
  #lsn = 10;

  /** @param isReconfigured whether the pipeline's settings change on the way */
  constructor(dice: Dice, partitions: number, isReconfigured: boolean) {
    this.#dice = dice;
    this.#partitions = partitions;
    this.#users = new Users(dice);
    const count = dice.between(8, 60);
    const happen = (most: number) => {
      while (this.#told.length < most) this.#happen(dice.weighted(WEIGHTS));
    };
    if (isReconfigured) {
      happen(count / 2);
      this.#wait("other settings");
    }
    happen(count);
  }

  #happen(what: keyof typeof WEIGHTS): void {
    const row = this.#users.any();
    this.#lsn += this.#dice.between(1, 5);
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
        return this.#tell(this.#dice.between(0, this.#partitions - 1), heartbeat());
    }
  }

  #insert(): void {
    const id = this.#users.freeId();
    if (id === null) return;
    const row = this.#users.made(id);
    this.#users.rows.set(id, row);
    this.#tell(this.#partitionOf(id), insert(row, this.#lsn));
  }

  /** Four of ten change nothing that anybody watches. */
  #update(row: User): void {
    const next = this.#dice.chance(0.4)
      ? { ...row, logins: row.logins + 1 }
      : this.#users.changed(row, false);
    this.#users.rows.set(row.id, next);
    this.#tell(this.#partitionOf(row.id), update(next, this.#lsn));
  }

  #delete({ id }: User): void {
    this.#users.rows.delete(id);
    this.#tell(this.#partitionOf(id), remove(id, this.#lsn));
    this.#tell(this.#partitionOf(id), tombstone(id));
  }

  /** Two halves in perhaps two partitions, of which either may come first. */
  #changeKey(row: User): void {
    const id = this.#users.freeId();
    if (id === null) return;
    const [from, to] = [this.#partitionOf(row.id), this.#partitionOf(id)];
    const next = { ...row, id, email: this.#dice.chance(0.3) ? this.#users.email() : row.email };
    this.#users.rows.delete(row.id);
    this.#users.rows.set(id, next);
    const gone = { ...remove(row.id, this.#lsn), headers: header("newkey", id) };
    const came = { ...insert(next, this.#lsn), headers: header("oldkey", row.id) };
    if (from !== to)
      this.moves.set(row.uid, [...(this.moves.get(row.uid) ?? []), commitTimeOf(this.#lsn)]);
    const halves: [number, Change][][] = [
      [
        [from, gone],
        [from, tombstone(row.id)],
      ],
      [[to, came]],
    ];
    if (from !== to && this.#dice.chance(0.5)) halves.reverse();
    for (const [partition, change] of halves.flat()) this.#tell(partition, change);
  }

  /** What other partitions tell before and after it is kept apart by time: its order among them is not promised. */
  #truncate(): void {
    const leader = this.#dice.between(0, this.#partitions - 1);
    this.#wait("all done");
    const own = [...this.#users.rows.values()].filter(({ id }) => this.#partitionOf(id) === leader);
    if (own.length > 0 && this.#dice.chance(0.5)) this.#update(this.#dice.pick(own));
    this.#lsn += 2;
    this.#tell(leader, truncate(this.#lsn));
    this.#users.rows.clear();
    this.#wait("nobody behind");
    if (!this.#dice.chance(0.5)) return;
    // A partition that lagged behind tells of the time before: of a row that nobody knows, and that is gone.
    const row = this.#users.made(100 + this.#lsn);
    this.unseen.add(row.uid);
    this.#tell(this.#partitionOf(row.id), insert(row, this.#lsn - 1));
  }

  #wait(wait: Wait): void {
    this.steps.push(wait);
    this.#told = [];
  }

  /** Every row is read again, after a time in which the connector may have missed something. */
  #snapshot(): void {
    for (const row of [...this.#users.rows.values()]) {
      const next = this.#dice.chance(0.15) ? this.#users.changed(row, false) : row;
      this.#users.rows.set(row.id, next);
      this.#tell(this.#partitionOf(row.id), read(next, this.#lsn));
    }
  }

  /** The connector starts again from an earlier place: v1 v2 v3 v1 v2 v3. */
  #redeliver(): void {
    const from = this.#told.at(-this.#dice.between(2, 8))?.of;
    const again = this.#told.filter(({ of }) => from !== undefined && of >= from);
    // What one change in the database gave comes again whole: a delete with its tombstone, both halves of a new key.
    for (const { partition, change, of } of again) this.#tell(partition, change, of);
  }

  #reject(): void {
    const partition = this.#dice.between(0, this.#partitions - 1);
    const broken = [
      { key: { id: partition }, value: "{oops" },
      { key: null, value: insert({ id: 1 }, this.#lsn).value },
      { key: { id: partition }, value: [1, 2] },
    ];
    this.#tell(partition, this.#dice.pick(broken));
  }

  #tell(partition: number, change: Change, of = this.#lsn): void {
    this.#told.push({ partition, change, of });
    const after_ms = this.#dice.chance(0.5) ? 0 : this.#dice.between(1, 1_500);
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
