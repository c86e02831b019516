import { Real, type Row, type Value } from "../data/row.ts";
import type { Reader } from "./reader.ts";

/** Whom a message is about; at least one of the two is there. */
export type User = { readonly userId?: string; readonly anonymousId?: string };

/** Reads the user of a row. A usable id is a text that is not blank, or a number. */
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
    if (userId === undefined && anonymousId === undefined) return null;
    return {
      ...(userId === undefined ? {} : { userId }),
      ...(anonymousId === undefined ? {} : { anonymousId }),
    };
  }
}

export function sameUser(a: User | null, b: User | null): boolean {
  return a?.userId === b?.userId && a?.anonymousId === b?.anonymousId;
}

function id(reader: Reader | undefined, row: Row, absent: ReadonlySet<string>): string | undefined {
  if (!reader) return undefined;
  try {
    return usable(reader.read(row, absent));
  } catch {
    return undefined; // an expression that fails on this row gives no id
  }
}

function usable(value: Value | undefined): string | undefined {
  if (typeof value === "string") return value.trim() === "" ? undefined : value;
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  return value instanceof Real ? value.text : undefined;
}
