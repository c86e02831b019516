import type { RandomSource } from "./random-source.ts";
import { REJECTED_EMAIL } from "./simulated-segment.ts";

export type User = {
  readonly id: number;
  /** Identifies the row also after its key has changed. */
  readonly uid: number;
  readonly user: string | null;
  readonly email: string;
  readonly score: number | string;
  readonly logins: number;
};

const IDS = 9;

/** The current rows of the table, and random changes of them. */
export class Users {
  readonly rows = new Map<number, User>();
  readonly #random: RandomSource;
  #uid = 0;
  #emails = 0;

  constructor(random: RandomSource) {
    this.#random = random;
  }

  pick(): User | null {
    return this.rows.size > 0 ? this.#random.pick([...this.rows.values()]) : null;
  }

  created(id: number): User {
    this.#uid += 1;
    const row = { id, uid: this.#uid, user: "", email: "", score: 0, logins: 0 };
    return this.changed(row, true);
  }

  changed(row: User, isNew: boolean): User {
    const random = this.#random;
    const { uid } = row;
    const user =
      isNew || random.chance(0.2) ? random.pick([`u${uid}`, `u${uid}`, `v${uid}`, null]) : row.user;
    const score = isNew || random.chance(0.4) ? random.pick([1, 5, 9, 9, "unknown"]) : row.score;
    return { ...row, user, email: this.email(), score };
  }

  email(): string {
    this.#emails += 1;
    const name = this.#random.chance(0.04) ? REJECTED_EMAIL : "e";
    return `${name}${this.#emails}@x`;
  }

  freeId(): number | null {
    const free = Array.from({ length: IDS }, (_, i) => i + 1).filter((id) => !this.rows.has(id));
    return free.length === 0 ? null : this.#random.pick(free);
  }
}
