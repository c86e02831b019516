import { MOST_DIGITS } from "../row.ts";
import { orTooDeep, refuseDeep } from "./depth.ts";

/** What `JSON.parse` gives, with integers beyond 2^53 kept exact as bigint. */
export type Json =
  | null
  | boolean
  | number
  | bigint
  | string
  | readonly Json[]
  | { readonly [name: string]: Json };

export type JsonObject = { [name: string]: Json };

/**
 * Only such a run of digits can be an integer beyond 2^53 = 9007199254740992 that a double would change. A timestamp in
 * microseconds, which most tables have, is none: taking every 16 digits for one doubled the time to decode (21 µs, not
 * 10, for a record of 700 bytes) and made a quarter of all the processor time of `run`. And an exponent of three digits,
 * with which a number may be beyond a double altogether.
 */
const LONG_NUMBER = /9\d{15}|\d{17}|\d[eE]\+?\d{3,}(?:[\s,\]}]|$)/;

/**
 * Parses JSON without loss of integers.
 * @throws Error where it is no JSON, is nested too deep or has a number without end
 */
export function parseJson(text: string): Json {
  return parse(text, LONG_NUMBER.test(text));
}

function parse(text: string, exact: boolean): Json {
  let value: Json;
  try {
    value = exact ? JSON.parse(text, exactNumber) : JSON.parse(text);
  } catch (error) {
    // The exact way calls itself for each level.
    throw orTooDeep(error);
  }
  // A level takes two characters, one on each side.
  refuseDeep(value, text.length / 2);
  return value;
}

/**
 * The same for an envelope, whose `source` block always has a nanosecond timestamp of 19 digits that nobody reads:
 * only what stands before that block decides. Measured: the exact way costs 4 times the plain one.
 */
export function parseEnvelopeJson(text: string): Json {
  const source = text.lastIndexOf('"source":{"version":"');
  const rowsComeFirst = source !== -1 && text.indexOf('"after":', source) === -1;
  const rows = rowsComeFirst ? text.slice(0, source) : text;
  return parse(text, LONG_NUMBER.test(rows));
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** `JSON.rawJSON`, which Node has and TypeScript does not know yet. */
const { rawJSON: rawJson } = JSON as unknown as { rawJSON(text: string): unknown };

/** JSON text of a raw value, integers written out exactly. */
export function jsonText(raw: unknown): string {
  const text = JSON.stringify(raw, (_name, value) =>
    typeof value === "bigint" ? rawJson(value.toString()) : value,
  );
  return text ?? "nothing";
}

/** The same for a message: at most 60 characters. */
export function shown(raw: unknown): string {
  const text = jsonText(raw);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** What a double cannot hold: an integer as bigint, and a number beyond all doubles as its text. */
function exactNumber(_name: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  const source = context?.source ?? "";
  if (source.length > MOST_DIGITS) throw new Error(`a number of ${source.length} digits`);
  if (/^-?\d+$/.test(source)) return BigInt(source);
  return Number.isFinite(value) ? value : source;
}
