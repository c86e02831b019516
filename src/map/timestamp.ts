import { CdcError } from "../errors.ts";
import { Real, type Value } from "../row.ts";

/**
 * An ISO-8601 UTC timestamp, as Segment wants it, from a column: a date or instant in any of Debezium's encodings,
 * ISO text, or a number since 1970 whose magnitude tells days, seconds, ms, µs and ns apart.
 * @throws CdcError UNREADABLE_TIMESTAMP
 */
export function timestampOf(column: string, value: Value): string {
  const ms = milliseconds(value);
  const date = new Date(ms);
  if (Number.isNaN(date.getTime())) {
    throw new CdcError(
      "UNREADABLE_TIMESTAMP",
      `column "${column}" holds ${JSON.stringify(String(value))}, which is no date or instant; name another \`timestamp\` column, or leave it out to use the commit time`,
    );
  }
  return date.toISOString();
}

function milliseconds(value: Value): number {
  if (typeof value === "number" || typeof value === "bigint") return sinceEpoch(Number(value));
  if (value instanceof Real) return sinceEpoch(value.number);
  if (typeof value !== "string") return Number.NaN;
  const text = value.trim();
  if (/^-?\d+$/.test(text)) return sinceEpoch(Number(text));
  const match =
    /^([+-]?\d{4,6}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?))?(Z|[+-]\d{2}(?::?\d{2})?)?$/.exec(
      text,
    );
  if (!match) return Number.NaN;
  const [, date, time = "00:00:00", zone = "Z"] = match;
  return Date.parse(`${date}T${time}${/^[+-]\d{2}$/.test(zone) ? `${zone}:00` : zone}`);
}

const DAY_MS = 86_400_000;

function sinceEpoch(count: number): number {
  const size = Math.abs(count);
  if (size < 1e6) return count * DAY_MS;
  if (size < 1e11) return count * 1_000;
  if (size < 1e14) return count;
  return size < 1e17 ? count / 1_000 : count / 1_000_000;
}
