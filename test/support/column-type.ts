import { numberOrText } from "./exact-json.ts";

/**
 * A column's type as its DDL names it: the declaration for records without schemas, and the conversion of a logged
 * value to the sent value.
 */
export type ColumnType = {
  readonly declared?:
    | string
    | { readonly type: string; readonly scale?: number; readonly unit?: string };
  /** The sent value of a logged value that is not NULL. */
  readonly sentValue: (logged: unknown) => unknown;
};

const unchanged = (logged: unknown) => logged;

const UNCHANGED: ColumnType = { sentValue: unchanged };

const JSON_TYPE: ColumnType = { declared: "json", sentValue: unchanged };

const NUMBER: ColumnType = { sentValue: (logged) => number(String(logged)) };

/** Integers from 2^53 are text, because a double cannot represent all of them. */
const INTEGER: ColumnType = {
  sentValue: (logged) =>
    Number.isSafeInteger(Number(logged)) ? Number(logged) : BigInt(String(logged)).toString(),
};

const MONEY: ColumnType = {
  declared: { type: "decimal", scale: 2 },
  sentValue: (logged) => numberOrText(String(logged).replace(/[$,]/g, "")),
};

/** PostgreSQL triggers log `\xdead`, MariaDB triggers log `DEAD`. */
const BYTES: ColumnType = {
  declared: "bytes",
  sentValue: (logged) => Buffer.from(String(logged).replace(/^\\x/, ""), "hex").toString("base64"),
};

const TYPES: { readonly [name: string]: ColumnType | ((size: number) => ColumnType) } = {
  smallint: INTEGER,
  integer: INTEGER,
  bigint: INTEGER,
  year: INTEGER,
  oid: INTEGER,
  double: NUMBER,
  // A `real` is sent with its own digits, as 1.1, not with those of the nearest double.
  real: NUMBER,
  money: MONEY,
  json: JSON_TYPE,
  hstore: JSON_TYPE,
  bytes: BYTES,
  date: { declared: "date", sentValue: unchanged },
  time: (digits) => ({
    declared: { type: "time", unit: digits <= 3 ? "ms" : "us" },
    sentValue: withoutZeros,
  }),
  // MariaDB's TIME counts microseconds at any precision.
  duration: { declared: { type: "time", unit: "us" }, sentValue: withoutZeros },
  timetz: { sentValue: timeInUtc },
  interval: { sentValue: microseconds },
  timestamp: (digits) => ({
    declared: { type: "timestamp", unit: digits <= 3 ? "ms" : "us" },
    sentValue: instant,
  }),
  timestamptz: { declared: "timestamp", sentValue: instant },
  bit: (bits) => ({
    sentValue: (logged) => (bits === 1 ? Number(logged) === 1 : littleEndian(logged, bits)),
  }),
  varbit: { sentValue: (logged) => littleEndian(logged, String(logged).length) },
};

/** Parses a type such as `timestamp(3)`. Values of unlisted types, texts and arrays of texts, are sent unchanged. */
export function columnType(type: string): ColumnType {
  const [, name = "", precision, scale] = /^(\w+)(?:\((\d+)(?:,(-?\d+))?\))?$/.exec(type) ?? [];
  if (name === "numeric") return numeric(scale);
  const known = TYPES[name] ?? UNCHANGED;
  return typeof known === "function" ? known(Number(precision ?? 6)) : known;
}

function numeric(scale: string | undefined): ColumnType {
  const declared = { type: "decimal", ...(scale === undefined ? {} : { scale: Number(scale) }) };
  return { declared, sentValue: (logged) => number(String(logged)) };
}

/** Numbers that JSON does not have, such as NaN, stay the database's texts. */
function number(text: string): number | string {
  return /^-?\d/.test(text) ? numberOrText(text) : text;
}

/** ISO 8601 in UTC, with milliseconds and with microseconds that are not zero. */
function instant(logged: unknown): string {
  const text = String(logged);
  const [, day, time, fraction = "", zone = "+00:00"] =
    /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.(\d+))?([+-]\d\d:\d\d)?$/.exec(text) ?? [];
  if (day === undefined) return text;
  const seconds = new Date(`${day}T${time}${zone}`).toISOString().slice(0, 19);
  return `${seconds}.${fraction.padEnd(6, "0").replace(/0{1,3}$/, "")}Z`;
}

function timeInUtc(logged: unknown): string {
  const [, time, fraction = "", sign, hours = "0"] =
    /^(\d\d:\d\d:\d\d)(\.\d+)?([+-])(\d\d)$/.exec(String(logged)) ?? [];
  const zone = `${sign}${hours}:00`;
  return `${new Date(`2000-01-01T${time}${zone}`).toISOString().slice(11, 19)}${fraction}Z`;
}

/** `08:30:00.500` → `08:30:00.5`. */
function withoutZeros(logged: unknown): string {
  return String(logged).replace(/(\.\d*?)0+$/, (_zeros, rest: string) =>
    rest === "." ? "" : rest,
  );
}

/** Debezium's default `interval.handling.mode=numeric`: a month has 365.25 / 12 days. */
function microseconds(logged: unknown): number {
  const text = String(logged);
  const count = (unit: string) => Number(new RegExp(`(-?\\d+) ${unit}`).exec(text)?.[1] ?? 0);
  const clock = /(-?)(\d\d):(\d\d):(\d\d(?:\.\d+)?)$/.exec(text);
  const [, sign = "", hours = 0, minutes = 0, seconds = 0] = clock ?? [];
  const time = (Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds);
  const days = ((count("year") * 12 + count("mon")) * 365.25) / 12 + count("day");
  return Math.round((days * 86_400 + (sign === "-" ? -time : time)) * 1e6);
}

/** Bits are little-endian bytes (Debezium's `io.debezium.data.Bits`); MariaDB logs an integer. */
function littleEndian(logged: unknown, size: number): string {
  let bits = typeof logged === "string" ? Number.parseInt(logged || "0", 2) : Number(logged);
  const bytes = Buffer.alloc(Math.ceil(size / 8));
  for (const index of bytes.keys()) {
    bytes[index] = bits % 256;
    bits = Math.floor(bits / 256);
  }
  return bytes.toString("base64");
}
