import { MOST_DIGITS, Real, real } from "../../data/row.ts";
import { DetailedError } from "../../lib/errors.ts";
import { orTooDeep, rejectDeep } from "./depth.ts";

/** As `JSON.parse` returns it, except numbers that a double changes: integers are bigint, others `Real`. */
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
 * A run of digits that a double may change: an integer beyond 2^53 = 9007199254740992, or 16 digits around a point. The
 * character before it shortens the search (0.2 µs, not 0.45). Timestamps in microseconds, which most tables have, do not
 * match: with a pattern of any 16 digits decoding took twice as long (21 µs, not 10, for a record of 700 bytes).
 */
const LONG_NUMBER = /(?:^|[:,[\s])-?(?:9\d{15}|\d[\d.]{16})/;
/** An exponent of three digits: the number may exceed all doubles. */
const LARGE_EXPONENT = /\d[eE][+-]?\d{3,}(?:[\s,\]}]|$)/;
/** Such numbers in full. A match in a string costs time, no more. */
const WHOLE_NUMBERS = /\d[\d.]{15,}(?:[eE][+-]?\d+)?/g;
/** No double is written with so many characters. */
const NO_DOUBLE = 32;

/** Most long numbers are doubles of 17 digits, which do not need exact parsing. */
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
 * @throws DetailedError if it is not JSON, is nested too deep or has too long a number
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
  // Each level takes two characters.
  rejectDeep(value, text.length / 2);
  return value;
}

/**
 * The same for an envelope. Its `source` block always has a nanosecond timestamp of 19 digits that is not used, so only
 * the text before that block decides. Measured: exact parsing takes 4 times as long.
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

/** `JSON.rawJSON`, which TypeScript does not declare yet. */
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
 * The double if it is exact; otherwise an integer as bigint, a decimal as `Real`, and a number beyond all doubles as
 * text.
 */
function exactly(source: string, double: number): number | bigint | Real | string {
  // A double represents 15 digits exactly.
  if (source.length < 16 && !/[eE]/.test(source)) return double;
  if (source.length > MOST_DIGITS) throw new DetailedError(`a number has ${source.length} digits`);
  if (/^-?\d+$/.test(source)) return Number.isSafeInteger(double) ? double : BigInt(source);
  if (!Number.isFinite(double)) return source;
  const exact = real(source);
  return exact instanceof Real && !exact.isDouble ? exact : double;
}
