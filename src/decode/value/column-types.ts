import {
  dateText,
  infinityText,
  instantText,
  timeText,
  type Unit,
  unitByMagnitude,
  utcText,
} from "../../data/instant.ts";
import { MOST_DIGITS, Real, real, type Value } from "../../data/row.ts";
import { decimal } from "./decimal.ts";
import { type Json, jsonText, parseJson, wrongValue } from "./json.ts";

/** Converts a raw, non-null value to the column's value. Throws an error with the value in its details. */
export type Converter = (raw: Json) => Value;

/** A column's type in the model's `columns`, for records without a schema. */
export type ColumnType = {
  readonly type:
    | "boolean"
    | "int"
    | "double"
    | "string"
    | "decimal"
    | "json"
    | "bytes"
    | "date"
    | "time"
    | "timestamp";
  readonly scale?: number;
  readonly unit?: Unit;
};

/** The converter of a declared type, for all of Debezium's encodings of it. */
export function converterOf({ type, scale, unit }: ColumnType): Converter {
  switch (type) {
    case "boolean":
      return (raw) => toBoolean(asDouble(raw));
    case "int":
      return toInteger;
    case "double":
      return toDouble;
    case "string":
      return (raw) => (typeof raw === "string" ? raw : jsonText(raw));
    case "decimal":
      return (raw) => decimal(raw, scale);
    case "json":
      return toJson;
    case "bytes":
      return (raw) => expect(raw, "string", "bytes in base64");
    case "date":
      return (raw) => toDate(asDouble(raw));
    case "time":
      return (raw) => toTime(asDouble(raw), unit ?? "us");
    case "timestamp":
      return (raw) => toTimestamp(asDouble(raw), unit);
  }
}

function toBoolean(raw: Json): boolean {
  if (typeof raw === "boolean") return raw;
  if (raw === 0 || raw === 1) return raw === 1;
  if (raw === "true" || raw === "false") return raw === "true";
  throw wrongValue("not a boolean", raw);
}

function toInteger(raw: Json): number | bigint {
  // MongoDB's `5.0`.
  if (raw instanceof Real) return toInteger(raw.text);
  if (typeof raw === "bigint" || (typeof raw === "number" && Number.isInteger(raw))) return raw;
  if (typeof raw === "string" && raw.length <= MOST_DIGITS && /^-?\d+$/.test(raw)) {
    const exact = BigInt(raw);
    return Number.isSafeInteger(Number(exact)) ? Number(exact) : exact;
  }
  throw wrongValue("not an integer", raw);
}

/** A double; `NaN` and the infinities stay text, as the converters write them. */
export function toDouble(raw: Json): Value {
  if (typeof raw === "number" || typeof raw === "bigint") return real(String(raw));
  // Java may write more digits than a double has.
  if (raw instanceof Real) return real(String(raw.number));
  if (typeof raw === "string") return /^-?\d/.test(raw) ? real(raw) : raw;
  throw wrongValue("not a number", raw);
}

/** A 32-bit float as the shortest text that is the same float, as Java writes it: 1.1, not 1.100000023841858. */
export function toFloat(raw: Json): Value {
  if (typeof raw !== "number" || Math.fround(raw) !== raw) return toDouble(raw);
  for (let digits = 1; digits < 9; digits += 1) {
    const shorter = Number(raw.toPrecision(digits));
    if (Math.fround(shorter) === raw) return toDouble(shorter);
  }
  return toDouble(raw);
}

/** A JSON column arrives as text. */
export function toJson(raw: Json): Value {
  return typeof raw === "string" ? (parseJson(raw) as Value) : (raw as Value);
}

export function toDate(raw: Json): string {
  if (typeof raw === "number") return dateText(raw);
  const text = expect(raw, "string", "a date");
  return infinityText(text) ?? trimZone(text);
}

const DAY_MS = 86_400_000;

function toTime(raw: Json, unit: Unit): string {
  return isCount(raw) ? timeText(raw, unit) : trimZone(expect(raw, "string", "a time"));
}

function toTimestamp(raw: Json, unit: Unit | undefined): string {
  return isCount(raw) ? toInstant(raw, unit) : utcText(expect(raw, "string", "a timestamp"));
}

/** For all types but decimals: a number with too long a fraction for a double, or a MongoDB double, as a double. */
function asDouble(raw: Json): Json {
  return raw instanceof Real ? raw.number : raw;
}

function toInstant(count: number | bigint, unit: Unit | undefined): string {
  const by = unit ?? unitByMagnitude(count);
  return by === "days" ? instantText(Number(count) * DAY_MS, "ms") : instantText(count, by);
}

/** `isostring` appends a Z to types without a zone: `1988-02-29Z`, `07:30:00Z`. */
export function trimZone(text: string): string {
  return text.endsWith("Z") && !text.includes("T") ? text.slice(0, -1) : text;
}

export function isCount(raw: Json): raw is number | bigint {
  return typeof raw === "bigint" || typeof raw === "number";
}

export function expect(raw: Json, type: "string", what: string): string {
  if (typeof raw === type) return raw as string;
  throw wrongValue(`not ${what}`, raw);
}
