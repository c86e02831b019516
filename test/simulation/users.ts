import type { Dice } from "./dice.ts";
import { POISON } from "./simulated-segment.ts";

export type User = {
  readonly id: number;
  /** The row's own name, which stays through changes of its key. */
  readonly uid: number;
  readonly user: string | null;
  readonly email: string;
  readonly score: number | string;
  readonly logins: number;
};

const IDS = 9;

/** The rows of the table now, and what may become of them. */
export class Users {
  readonly rows = new Map<number, User>();
  readonly #dice: Dice;
  #uid = 0;
  #emails = 0;

  constructor(dice: Dice) {
    this.#dice = dice;
  }

  any(): User | null {
    return this.rows.size > 0 ? this.#dice.pick([...this.rows.values()]) : null;
  }

  made(id: number): User {
    this.#uid += 1;
    const row = { id, uid: this.#uid, user: "", email: "", score: 0, logins: 0 };
    return this.changed(row, true);
  }

  changed(row: User, isNew: boolean): User {
    const dice = this.#dice;
    const { uid } = row;
    const user =
      isNew || dice.chance(0.2) ? dice.pick([`u${uid}`, `u${uid}`, `v${uid}`, null]) : row.user;
    const score = isNew || dice.chance(0.4) ? dice.pick([1, 5, 9, 9, "unknown"]) : row.score;
    return { ...row, user, email: this.email(), score };
  }

  email(): string {
    this.#emails += 1;
    const name = this.#dice.chance(0.04) ? POISON : "e";
    return `${name}${this.#emails}@x`;
  }

  freeId(): number | null {
    const free = Array.from({ length: IDS }, (_, i) => i + 1).filter((id) => !this.rows.has(id));
    return free.length === 0 ? null : this.#dice.pick(free);
  }
}
