import { Real, type Row, type Value } from "../data/row.ts";
import type { User } from "../data/user.ts";
import type { Reader } from "./reader.ts";

/** Reads the user of a row. A usable id is a number, or a text that is not blank. */
export class UserReader {
  readonly #userId: Reader | undefined;
  readonly #anonymousId: Reader | undefined;

  constructor(userId: Reader | undefined, anonymousId: Reader | undefined) {
    this.#userId = userId;
    this.#anonymousId = anonymousId;
  }

  get columns(): readonly (readonly string[] | "*")[] {
    return [this.#userId, this.#anonymousId].flatMap((reader) => (reader ? [reader.columns] : []));
  }

  read(row: Row, absent: ReadonlySet<string>): User | null {
    const userId = id(this.#userId, row, absent);
    const anonymousId = id(this.#anonymousId, row, absent);
    if (userId === undefined) return anonymousId === undefined ? null : { anonymousId };
    return anonymousId === undefined ? { userId } : { userId, anonymousId };
  }
}

function id(reader: Reader | undefined, row: Row, absent: ReadonlySet<string>): string | undefined {
  if (!reader) return undefined;
  try {
    return usable(reader.read(row, absent));
  } catch {
    return undefined; // an expression that fails on this row has no id
  }
}

function usable(value: Value | undefined): string | undefined {
  if (typeof value === "string") return value.trim() === "" ? undefined : value;
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  return value instanceof Real ? value.text : undefined;
}
