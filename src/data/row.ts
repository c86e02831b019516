import { DetailedError } from "../lib/errors.ts";

/**
 * A row as it is stored, compared and mapped: its columns by name, each value in the form that Segment expects
 * (dates `YYYY-MM-DD`, instants ISO-8601 UTC, bytes base64, JSON columns as objects).
 */
export type Row = { readonly [column: string]: Value };

/**
 * The value of a column. Numbers have a value and a kind: a whole `number` or a `bigint` is an integer, a `number` with a
 * fraction is a double, and any other number (a whole double, a decimal with more digits than a double) is a `Real`.
 */
export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | Real
  | readonly Value[]
  | { readonly [name: string]: Value };

/** A double or decimal as its shortest decimal text without trailing zeros: `4`, `0.1`, `12345678901234567890.5`. */
export class Real {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** The nearest double, which expressions use. */
  get number(): number {
    return Number(this.text);
  }

  /** Whether that double is the same decimal: its shortest text, of 15 to 17 digits, is this one. */
  get isDouble(): boolean {
    return canonicalDecimal(String(this.number)) === this.text;
  }
}

/** The value of a column; `undefined` if the row does not have it. */
export function column(row: Row, name: string): Value | undefined {
  return Object.hasOwn(row, name) ? row[name] : undefined;
}

/** A decimal or double in its cheapest exact form: a plain number with a fraction if a double holds it, else a `Real`. */
export function real(text: string): number | Real {
  const canonical = canonicalDecimal(text);
  const number = Number(canonical);
  return !Number.isInteger(number) && String(number) === canonical ? number : new Real(canonical);
}

/**
 * No number of a database has more: PostgreSQL's numeric, the longest, has 147,455. A number with the exponent
 * 400,000,000, written out, would use all memory, and converting an integer takes more than linear time.
 */
export const MOST_DIGITS = 150_000;

/** `-0012.500` → `-12.5`; `1.50e3` → `1500`; `-0.0` → `0`. @throws if it has too many digits */
function canonicalDecimal(text: string): string {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(text);
  if (!match) return text;
  const [, sign, whole = "", fraction = "", exponent = "0"] = match;
  const digits = whole + fraction;
  if (digits === "") return text;
  if (Math.abs(Number(exponent)) > MOST_DIGITS)
    throw new DetailedError(`a number has the exponent ${Number(exponent)}`);
  const point = whole.length + Number(exponent);
  const integerPart = digits.slice(0, Math.max(point, 0)).padEnd(Math.max(point, 0), "0");
  const fractionPart = point < 0 ? "0".repeat(-point) + digits : digits.slice(point);
  const left = integerPart.replace(/^0+(?=\d)/, "") || "0";
  const right = withoutEndingZeros(fractionPart);
  const magnitude = right === "" ? left : `${left}.${right}`;
  return sign === "-" && magnitude !== "0" ? `-${magnitude}` : magnitude;
}

/** A regular expression (`/0+$/`) takes quadratic time for a run of zeros. */
export function withoutEndingZeros(digits: string): string {
  let end = digits.length;
  while (digits[end - 1] === "0") end -= 1;
  return digits.slice(0, end);
}

/** Equal by value: numbers as numbers, decimals by value, objects regardless of key order. */
export function equal(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (a === null || b === null || (typeof a === "number" && typeof b === "number")) return false;
  const left = numeric(a);
  if (left !== null) return left === numeric(b);
  if (typeof a !== "object" || typeof b !== "object" || b instanceof Real) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    return (
      Array.isArray(a) &&
      Array.isArray(b) &&
      a.length === b.length &&
      a.every((item, i) => equal(item, b[i] as Value))
    );
  }
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every(
      (name) =>
        Object.hasOwn(b, name) && equal((a as Row)[name] as Value, (b as Row)[name] as Value),
    )
  );
}

function numeric(value: Value): string | null {
  if (value instanceof Real) return value.text;
  if (typeof value === "bigint") return value.toString();
  return typeof value === "number" ? canonicalDecimal(String(value)) : null;
}
