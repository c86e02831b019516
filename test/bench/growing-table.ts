import { changeOf, type FeedChange, generator, newUser, PLANS, type User } from "./feed.ts";

/** Part of the updates that touch no column which a sync reads, as in the feed. */
const QUIET = 0.4;

/** The bench's table at any size: two bytes a row, the rest follows from the key. */
export class GrowingTable {
  readonly #partitions: number;
  /** How often a row's name and plan were changed. */
  readonly #names: Uint8Array;
  readonly #topology: Uint8Array;
  readonly #random = generator(1);
  #keys = 0;
  #changes = 0;

  constructor(most: number, partitions: number) {
    this.#partitions = partitions;
    this.#names = new Uint8Array(most);
    this.#topology = new Uint8Array(most);
  }

  /** Adds rows up to this number, each by a snapshot record. Returns the number of messages they produce. */
  *growTo(keys: number): Generator<FeedChange, number> {
    const before = this.#keys;
    for (; this.#keys < keys; this.#keys += 1) yield this.#change(this.#keys, "r");
    return keys - before;
  }

  /** So many updates, all rows alike; returns how many messages they are worth. */
  *update(updates: number): Generator<FeedChange, number> {
    let messages = 0;
    for (let i = 0; i < updates; i += 1) {
      const id = Math.floor(this.#random() * this.#keys);
      if (this.#random() >= QUIET) {
        const isPlan = this.#random() < 0.5;
        const changed = isPlan ? this.#topology : this.#names;
        changed[id] = (changed[id] as number) + 1;
        messages += isPlan ? 2 : 1;
      }
      yield this.#change(id, "u");
    }
    return messages;
  }

  #change(id: number, op: "r" | "u"): FeedChange {
    this.#changes += 1;
    return changeOf(this.#user(id), op, this.#changes, this.#partitions);
  }

  #user(id: number): User {
    const user = newUser(id, generator(id));
    const [names, topology] = [this.#names[id] as number, this.#topology[id] as number];
    const full_name = `${user.full_name} ${names}`;
    const plan = PLANS[(PLANS.indexOf(user.plan) + topology) % PLANS.length] as string;
    return { ...user, full_name, plan, login_count: this.#changes };
  }
}
