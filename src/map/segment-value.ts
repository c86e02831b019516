import { Real, type Row, type Value } from "../data/row.ts";

/** A value in a Segment message: plain JSON. */
export type SegmentValue =
  | null
  | boolean
  | number
  | string
  | readonly SegmentValue[]
  | { readonly [name: string]: SegmentValue };

/** A column value for Segment: integers beyond 2^53 and decimals that a double would change are strings. */
export function segmentValue(value: Value): SegmentValue {
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Real) return value.isDouble ? value.number : value.text;
  if (Array.isArray(value)) return value.map(segmentValue);
  return Object.fromEntries(
    Object.entries(value as Row).map(([name, item]) => [name, segmentValue(item)]),
  );
}
