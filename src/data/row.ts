import { DetailedError } from "../lib/errors.ts";

/**
 * A row as it is kept, compared and mapped: its columns by name, each value already in the form that Segment
 * understands (dates `YYYY-MM-DD`, instants ISO-8601 UTC, bytes base64, JSON columns as objects).
 */
export type Row = { readonly [column: string]: Value };

/**
 * One column's value. Numbers keep both their value and their kind:
 * a whole `number` or a `bigint` is an integer, a `number` with a fraction is a double, and what a plain number
 * would misrepresent (a whole double, a decimal with more digits than a double has) is a `Real`.
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

/** A double or decimal, by its shortest decimal text without trailing zeros: `4`, `0.1`, `12345678901234567890.5`. */
export class Real {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** The nearest double, as expressions see it. */
  get number(): number {
    return Number(this.text);
  }

  /** Whether that double is the same decimal: it has 15 to 17 digits, and its shortest text is this one again. */
  get isDouble(): boolean {
    return canonicalDecimal(String(this.number)) === this.text;
  }
}

/** The column's value, or `undefined` where the row has no such column. */
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
 * No number of a database has more: PostgreSQL's numeric, the longest, has 147,455. Written out, one with the exponent
 * 400,000,000 would take all memory, and the time to convert an integer grows faster than its digits do.
 */
export const MOST_DIGITS = 150_000;

/** `-0012.500` → `-12.5`; `1.50e3` → `1500`; `-0.0` → `0`. Throws where written out it would have no end. */
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

/** In one pass: `/0+$/` looks at a run of zeros once from each of them. */
export function withoutEndingZeros(digits: string): string {
  let end = digits.length;
  while (digits[end - 1] === "0") end -= 1;
  return digits.slice(0, end);
}

/** Equal by value: numbers as numbers, decimals by value, objects regardless of the order of their keys. */
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
