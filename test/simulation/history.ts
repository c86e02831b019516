import {
  type Change,
  heartbeat,
  insert,
  read,
  remove,
  timeAt,
  tombstone,
  truncate,
  update,
} from "../support/table.ts";
import type { Dice } from "./dice.ts";
import { POISON } from "./simulated-segment.ts";

/** A record for a partition, and how long after the one before it comes. */
export type Told = {
  readonly partition: number;
  readonly change: Change;
  readonly after_ms: number;
};

/** `all done`: nothing more comes before everything so far is processed and durable. */
export type Step = Told | "all done";

type User = {
  readonly id: number;
  /** The row's own name, which stays through changes of its key. */
  readonly uid: number;
  readonly user: string | null;
  readonly email: string;
  readonly score: number | string;
  readonly logins: number;
};

const WEIGHTS = {
  insert: 8,
  update: 16,
  delete: 4,
  "key change": 4,
  truncate: 0.5,
  snapshot: 1,
  redelivery: 1.5,
  refused: 1,
  heartbeat: 0.5,
};

const IDS = 9;

/** What happens to a small table, as Debezium tells it: over several partitions, now and then twice. */
export class History {
  readonly steps: Step[] = [];
  /** When each row went to another partition with a new key, by its own name: between partitions no order is promised. */
  readonly moves = new Map<number, number[]>();
  /** Rows, by their own names, that were gone before anybody told of them. */
  readonly unseen = new Set<number>();
  readonly #dice: Dice;
  readonly #partitions: number;
  readonly #rows = new Map<number, User>();
  /** Since everything was done, with the place in the database's log. */
  #told: { readonly partition: number; readonly change: Change; readonly of: number }[] = [];
  #lsn = 10;
  #uid = 0;

  constructor(dice: Dice, partitions: number) {
    this.#dice = dice;
    this.#partitions = partitions;
    const count = dice.between(8, 60);
    while (this.#told.length < count) this.#happen(dice.weighted(WEIGHTS));
  }

  #happen(what: keyof typeof WEIGHTS): void {
    const row = this.#rows.size > 0 ? this.#dice.pick([...this.#rows.values()]) : null;
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
      case "refused":
        return this.#refuse();
      case "heartbeat":
        return this.#tell(this.#dice.between(0, this.#partitions - 1), heartbeat());
    }
  }

  #insert(): void {
    const id = this.#freeId();
    if (id === null) return;
    const row = this.#newRow(id);
    this.#rows.set(id, row);
    this.#tell(this.#partitionOf(id), insert(row, this.#lsn));
  }

  /** Four of ten change nothing that anybody watches. */
  #update(row: User): void {
    const next = this.#dice.chance(0.4)
      ? { ...row, logins: row.logins + 1 }
      : this.#changed(row, false);
    this.#rows.set(row.id, next);
    this.#tell(this.#partitionOf(row.id), update(next, this.#lsn));
  }

  #delete({ id }: User): void {
    this.#rows.delete(id);
    this.#tell(this.#partitionOf(id), remove(id, this.#lsn));
    this.#tell(this.#partitionOf(id), tombstone(id));
  }

  /** Two halves in perhaps two partitions, of which either may come first. */
  #changeKey(row: User): void {
    const id = this.#freeId();
    if (id === null) return;
    const [from, to] = [this.#partitionOf(row.id), this.#partitionOf(id)];
    const next = { ...row, id, email: this.#dice.chance(0.3) ? this.#email() : row.email };
    this.#rows.delete(row.id);
    this.#rows.set(id, next);
    const gone = { ...remove(row.id, this.#lsn), headers: header("newkey", id) };
    const came = { ...insert(next, this.#lsn), headers: header("oldkey", row.id) };
    if (from !== to)
      this.moves.set(row.uid, [...(this.moves.get(row.uid) ?? []), timeAt(this.#lsn)]);
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
    this.#waitForAll();
    const own = [...this.#rows.values()].filter(({ id }) => this.#partitionOf(id) === leader);
    if (own.length > 0 && this.#dice.chance(0.5)) this.#update(this.#dice.pick(own));
    this.#lsn += 2;
    this.#tell(leader, truncate(this.#lsn));
    this.#rows.clear();
    this.#waitForAll();
    if (!this.#dice.chance(0.5)) return;
    // A partition that lagged behind tells of the time before: of a row that nobody knows, and that is gone.
    const row = this.#newRow(100 + this.#uid);
    this.unseen.add(row.uid);
    this.#tell(this.#partitionOf(row.id), insert(row, this.#lsn - 1));
  }

  #waitForAll(): void {
    this.steps.push("all done");
    this.#told = [];
  }

  /** Every row is read again, after a time in which the connector may have missed something. */
  #snapshot(): void {
    for (const row of [...this.#rows.values()]) {
      const next = this.#dice.chance(0.15) ? this.#changed(row, false) : row;
      this.#rows.set(row.id, next);
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

  #refuse(): void {
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
    this.steps.push({
      partition,
      change,
      after_ms: this.#dice.chance(0.5) ? 0 : this.#dice.between(1, 1_500),
    });
  }

  #newRow(id: number): User {
    this.#uid += 1;
    const row = { id, uid: this.#uid, user: "", email: "", score: 0, logins: 0 };
    return this.#changed(row, true);
  }

  #changed(row: User, isNew: boolean): User {
    const dice = this.#dice;
    const { uid } = row;
    const user =
      isNew || dice.chance(0.2) ? dice.pick([`u${uid}`, `u${uid}`, `v${uid}`, null]) : row.user;
    const score = isNew || dice.chance(0.4) ? dice.pick([1, 5, 9, 9, "unknown"]) : row.score;
    return { ...row, user, email: this.#email(), score };
  }

  #email(): string {
    const name = this.#dice.chance(0.04) ? POISON : "e";
    return `${name}${this.#lsn}@x`;
  }

  #freeId(): number | null {
    const free = Array.from({ length: IDS }, (_, i) => i + 1).filter((id) => !this.#rows.has(id));
    return free.length === 0 ? null : this.#dice.pick(free);
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
