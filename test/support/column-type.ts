import { numberOrText } from "./exact-json.ts";

/**
 * A column's type as its DDL names it: what a model has to declare where records carry no schemas, and what DESIGN's
 * "Values in Segment" makes of the value that the triggers logged.
 */
export type ColumnType = {
  readonly declared?:
    | string
    | { readonly type: string; readonly scale?: number; readonly unit?: string };
  /** Of a value that is not NULL. */
  readonly atSegment: (logged: unknown) => unknown;
};

const asItIs = (logged: unknown) => logged;

const AS_IT_IS: ColumnType = { atSegment: asItIs };

const JSON_TYPE: ColumnType = { declared: "json", atSegment: asItIs };

const NUMBER: ColumnType = { atSegment: (logged) => number(String(logged)) };

/** An integer that a double may not hold is text: from 2^53 on, where two of them may be one double. */
const INTEGER: ColumnType = {
  atSegment: (logged) =>
    Number.isSafeInteger(Number(logged)) ? Number(logged) : BigInt(String(logged)).toString(),
};

const MONEY: ColumnType = {
  declared: { type: "decimal", scale: 2 },
  atSegment: (logged) => numberOrText(String(logged).replace(/[$,]/g, "")),
};

/** The triggers of PostgreSQL log `\xdead`, those of MariaDB `DEAD`. */
const BYTES: ColumnType = {
  declared: "bytes",
  atSegment: (logged) => Buffer.from(String(logged).replace(/^\\x/, ""), "hex").toString("base64"),
};

const TYPES: { readonly [name: string]: ColumnType | ((size: number) => ColumnType) } = {
  smallint: INTEGER,
  integer: INTEGER,
  bigint: INTEGER,
  year: INTEGER,
  oid: INTEGER,
  double: NUMBER,
  // `real` as text has its own digits: 1.1, not those of the double next to it.
  real: NUMBER,
  money: MONEY,
  json: JSON_TYPE,
  hstore: JSON_TYPE,
  bytes: BYTES,
  date: { declared: "date", atSegment: asItIs },
  time: (digits) => ({
    declared: { type: "time", unit: digits <= 3 ? "ms" : "us" },
    atSegment: withoutZeros,
  }),
  // MariaDB's TIME counts microseconds at any precision.
  duration: { declared: { type: "time", unit: "us" }, atSegment: withoutZeros },
  timetz: { atSegment: timeAtUtc },
  interval: { atSegment: microseconds },
  timestamp: (digits) => ({
    declared: { type: "timestamp", unit: digits <= 3 ? "ms" : "us" },
    atSegment: instant,
  }),
  timestamptz: { declared: "timestamp", atSegment: instant },
  bit: (bits) => ({
    atSegment: (logged) => (bits === 1 ? Number(logged) === 1 : lowestFirst(logged, bits)),
  }),
  varbit: { atSegment: (logged) => lowestFirst(logged, String(logged).length) },
};

/** Of a type such as `timestamp(3)`; one that is not named here is text, or an array of it, and stays as it is. */
export function columnType(type: string): ColumnType {
  const [, name = "", precision, scale] = /^(\w+)(?:\((\d+)(?:,(-?\d+))?\))?$/.exec(type) ?? [];
  if (name === "numeric") return numeric(scale);
  const known = TYPES[name] ?? AS_IT_IS;
  return typeof known === "function" ? known(Number(precision ?? 6)) : known;
}

function numeric(scale: string | undefined): ColumnType {
  const declared = { type: "decimal", ...(scale === undefined ? {} : { scale: Number(scale) }) };
  return { declared, atSegment: (logged) => number(String(logged)) };
}

/** The numbers that JSON cannot say stay the words that the database has for them. */
function number(text: string): number | string {
  return /^-?\d/.test(text) ? numberOrText(text) : text;
}

/** ISO-8601 in UTC; at least milliseconds, as Segment writes it, and the digits of microseconds that say something. */
function instant(logged: unknown): string {
  const text = String(logged);
  const [, day, time, fraction = "", zone = "+00:00"] =
    /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.(\d+))?([+-]\d\d:\d\d)?$/.exec(text) ?? [];
  if (day === undefined) return text;
  const seconds = new Date(`${day}T${time}${zone}`).toISOString().slice(0, 19);
  return `${seconds}.${fraction.padEnd(6, "0").replace(/0{1,3}$/, "")}Z`;
}

function timeAtUtc(logged: unknown): string {
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

/** Debezium's `interval.handling.mode=numeric`, the default: a month is taken for 365.25 / 12 days. */
function microseconds(logged: unknown): number {
  const text = String(logged);
  const count = (unit: string) => Number(new RegExp(`(-?\\d+) ${unit}`).exec(text)?.[1] ?? 0);
  const clock = /(-?)(\d\d):(\d\d):(\d\d(?:\.\d+)?)$/.exec(text);
  const [, sign = "", hours = 0, minutes = 0, seconds = 0] = clock ?? [];
  const time = (Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds);
  const days = ((count("year") * 12 + count("mon")) * 365.25) / 12 + count("day");
  return Math.round((days * 86_400 + (sign === "-" ? -time : time)) * 1e6);
}

/** Bits are bytes, the lowest first (Debezium's `io.debezium.data.Bits`); MariaDB logs their number. */
function lowestFirst(logged: unknown, size: number): string {
  let bits = typeof logged === "string" ? Number.parseInt(logged || "0", 2) : Number(logged);
  const bytes = Buffer.alloc(Math.ceil(size / 8));
  for (const index of bytes.keys()) {
    bytes[index] = bits % 256;
    bits = Math.floor(bits / 256);
  }
  return bytes.toString("base64");
}
