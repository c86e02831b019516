import { Real, type Row, type Value } from "../row.ts";

/** What may stand in a Segment message: plain JSON. */
export type SegmentValue =
  | null
  | boolean
  | number
  | string
  | readonly SegmentValue[]
  | { readonly [name: string]: SegmentValue };

/** A column's value at Segment: integers beyond 2^53 and decimals that a double would change are strings. */
export function segmentValue(value: Value): SegmentValue {
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Real) return realValue(value);
  if (Array.isArray(value)) return value.map(segmentValue);
  return Object.fromEntries(
    Object.entries(value as Row).map(([name, item]) => [name, segmentValue(item)]),
  );
}

/** A double has 15 to 17 digits: a decimal survives it if its shortest text is the same decimal again. */
function realValue({ text, number }: Real): number | string {
  if (Number.isSafeInteger(number)) return text === String(number) ? number : text;
  return text === plain(number) ? number : text;
}

/** The number's shortest decimal text without an exponent. */
function plain(number: number): string {
  const text = String(number);
  const match = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text);
  if (!match) return text;
  const [, sign, whole = "", fraction = "", exponent] = match;
  const digits = whole + fraction;
  const point = 1 + Number(exponent);
  if (point <= 0) return `${sign}0.${"0".repeat(-point)}${digits}`;
  return `${sign}${digits.padEnd(point, "0").slice(0, point)}${digits.length > point ? `.${digits.slice(point)}` : ""}`;
}
