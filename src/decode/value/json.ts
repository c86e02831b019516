import { MOST_DIGITS, Real, real } from "../../data/row.ts";
import { DetailedError } from "../../lib/errors.ts";
import { orTooDeep, rejectDeep } from "./depth.ts";

/** What `JSON.parse` gives, but for what a double would change: integers are bigint then, other numbers `Real`. */
export type Json =
  | null
  | boolean
  | number
  | bigint
  | string
  | Real
  | readonly Json[]
  | { readonly [name: string]: Json };

export type JsonObject = { [name: string]: Json };

/**
 * Only such a run of digits can be a number that a double would change: an integer beyond 2^53 = 9007199254740992, or 16
 * digits around a point. What stands before a number keeps the search short (0.2 µs, not 0.45). A timestamp in microseconds, which most tables have, is none: taking every 16 digits for one
 * doubled the time to decode (21 µs, not 10, for a record of 700 bytes) and made a quarter of all the processor time of
 * `run`.
 */
const LONG_NUMBER = /(?:^|[:,[\s])-?(?:9\d{15}|\d[\d.]{16})/;
/** And an exponent of three digits, with which a number may be beyond a double altogether. */
const LARGE_EXPONENT = /\d[eE][+-]?\d{3,}(?:[\s,\]}]|$)/;
/** The first of these whole. What looks like one in a text costs time and does no harm. */
const WHOLE_NUMBERS = /\d[\d.]{15,}(?:[eE][+-]?\d+)?/g;
/** Longer than any double is written. */
const NO_DOUBLE = 32;

/** Most long numbers are doubles of 17 digits, which a double does not change: those need not the exact way. */
function needsExact(text: string): boolean {
  if (LARGE_EXPONENT.test(text)) return true;
  if (!LONG_NUMBER.test(text)) return false;
  for (const [number] of text.matchAll(WHOLE_NUMBERS)) {
    const double = Number(number);
    if (number.length > NO_DOUBLE || exactly(number, double) !== double) return true;
  }
  return false;
}

/**
 * Parses JSON without loss of digits.
 * @throws Error where it is no JSON, is nested too deep or has a number without end
 */
export function parseJson(text: string): Json {
  return parse(text, needsExact(text));
}

function parse(text: string, exact: boolean): Json {
  let value: Json;
  try {
    value = exact ? JSON.parse(text, exactNumber) : JSON.parse(text);
  } catch (error) {
    // A reviver is called recursively for each level.
    const failure = orTooDeep(error);
    if (failure instanceof SyntaxError)
      throw new DetailedError("it is not valid JSON", { details: failure.message, cause: error });
    throw failure;
  }
  // A level takes two characters, one on each side.
  rejectDeep(value, text.length / 2);
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
  return parse(text, needsExact(rows));
}

export function isObject(value: unknown): value is JsonObject {
  if (typeof value !== "object" || value === null) return false;
  return !Array.isArray(value) && !(value instanceof Real);
}

/** `JSON.rawJSON`, which Node has and TypeScript does not know yet. */
const { rawJSON: rawJson } = JSON as unknown as { rawJSON(text: string): unknown };

/** JSON text of a raw value, numbers written out exactly. */
export function jsonText(raw: unknown): string {
  const text = JSON.stringify(raw, (_name, value) => {
    if (typeof value === "bigint") return rawJson(value.toString());
    return value instanceof Real ? rawJson(value.text) : value;
  });
  return text ?? "nothing";
}

/** The same for the details of an error: at most 60 characters. */
export function shown(raw: unknown): string {
  const text = jsonText(raw);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** An error about a raw value: the text is safe to log, the value goes to the details. */
export function wrongValue(text: string, raw: unknown): DetailedError {
  return new DetailedError(text, { details: shown(raw) });
}

function exactNumber(_name: string, value: unknown, { source = "" } = {}): unknown {
  return typeof value === "number" ? exactly(source, value) : value;
}

/**
 * The double itself, or what it cannot hold: an integer as bigint, a decimal as `Real`, and a number beyond all doubles
 * as its text.
 */
function exactly(source: string, double: number): number | bigint | Real | string {
  // No number of 15 digits is changed.
  if (source.length < 16 && !/[eE]/.test(source)) return double;
  if (source.length > MOST_DIGITS) throw new DetailedError(`a number has ${source.length} digits`);
  if (/^-?\d+$/.test(source)) return Number.isSafeInteger(double) ? double : BigInt(source);
  if (!Number.isFinite(double)) return source;
  const exact = real(source);
  return exact instanceof Real && !exact.isDouble ? exact : double;
}
