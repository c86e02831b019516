import { isCalendarDate, parseInstant, unitByMagnitude } from "../data/instant.ts";
import { Real, type Value } from "../data/row.ts";
import { CdcError } from "../lib/errors.ts";
import { segmentValue } from "./segment-value.ts";

/**
 * An ISO 8601 UTC timestamp for Segment from a column: a date or instant in any of Debezium's encodings, ISO text, or a
 * number since 1970 whose magnitude gives its unit (days, seconds, ms, µs or ns).
 * @throws CdcError UNREADABLE_TIMESTAMP
 */
export function timestampOf(column: string, value: Value): string {
  const ms = milliseconds(value);
  const date = new Date(ms);
  if (Number.isNaN(date.getTime())) {
    throw new CdcError(
      "UNREADABLE_TIMESTAMP",
      `column "${column}" is not a date or an instant; name another \`timestamp\` column, or leave it out to use the commit time`,
      { details: shownValue(value) },
    );
  }
  return date.toISOString();
}

/** A JSON object may have a member `toString`, so it is not converted to text. */
function shownValue(value: Value): string {
  return JSON.stringify(value instanceof Real ? value.text : segmentValue(value));
}

function milliseconds(value: Value): number {
  if (typeof value === "number" || typeof value === "bigint") return sinceEpoch(Number(value));
  if (value instanceof Real) return sinceEpoch(value.number);
  if (typeof value !== "string") return Number.NaN;
  const text = value.trim();
  // Fewer digits may be a year or a compact date.
  if (/^-?\d{9,}$/.test(text)) return sinceEpoch(Number(text));
  const date = /^([+-]?\d{4,6}-\d{2}-\d{2})Z?$/.exec(text);
  // A date is midnight UTC.
  if (date)
    return isCalendarDate(date[1] as string) ? Date.parse(`${date[1]}T00:00:00Z`) : Number.NaN;
  return Date.parse(parseInstant(text) ?? "");
}

const MS = { days: 86_400_000, s: 1_000, ms: 1, us: 1e-3, ns: 1e-6 } as const;

function sinceEpoch(count: number): number {
  return count * MS[unitByMagnitude(count)];
}
