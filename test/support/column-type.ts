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
  smallint: NUMBER,
  integer: NUMBER,
  bigint: NUMBER,
  year: NUMBER,
  oid: NUMBER,
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
    atSegment: (logged) =>
      String(logged).replace(/\.?0+$/, (zeros) => (zeros[0] === "." ? "" : zeros)),
  }),
  // MariaDB's TIME counts microseconds at any precision.
  duration: { declared: { type: "time", unit: "us" }, atSegment: asItIs },
  timetz: { declared: "time", atSegment: timeAtUtc },
  timestamp: (digits) => ({
    declared: { type: "timestamp", unit: digits <= 3 ? "ms" : "us" },
    atSegment: instant,
  }),
  timestamptz: { declared: "timestamp", atSegment: instant },
  bit: (bits) => ({ atSegment: (logged) => bitsOf(logged, bits) }),
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

/** ISO-8601 in UTC; at least milliseconds, as Segment writes it, and microseconds where there are any. */
function instant(logged: unknown): string {
  const text = String(logged);
  const [, day, time, fraction = "", zone = "+00:00"] =
    /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.(\d+))?([+-]\d\d:\d\d)?$/.exec(text) ?? [];
  if (day === undefined) return text;
  const seconds = new Date(`${day}T${time}${zone}`).toISOString().slice(0, 19);
  return `${seconds}.${fraction.padEnd(6, "0").replace(/000$/, "")}Z`;
}

function timeAtUtc(logged: unknown): string {
  const [, time, fraction = "", sign, hours = "0"] =
    /^(\d\d:\d\d:\d\d)(\.\d+)?([+-])(\d\d)$/.exec(String(logged)) ?? [];
  const zone = `${sign}${hours}:00`;
  return `${new Date(`2000-01-01T${time}${zone}`).toISOString().slice(11, 19)}${fraction}`;
}

/** One bit is a boolean, several are bytes, the lowest first (Debezium's `io.debezium.data.Bits`). */
function bitsOf(logged: unknown, size: number): unknown {
  const bits = typeof logged === "string" ? Number.parseInt(logged || "0", 2) : Number(logged);
  if (size === 1) return bits === 1;
  const bytes = Buffer.alloc(Math.ceil(size / 8));
  for (const index of bytes.keys()) bytes[index] = bits >> (8 * index);
  return bytes.toString("base64");
}
