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
 * 10, for a record of 700 bytes) and made a quarter of all the processor time of `run`.
 */
const LONG_NUMBER = /9\d{15}|\d{17}/;

/**
 * Parses JSON without loss of integers.
 * @throws SyntaxError
 */
export function parseJson(text: string): Json {
  return LONG_NUMBER.test(text) ? JSON.parse(text, exactInteger) : JSON.parse(text);
}

/**
 * The same for an envelope, whose `source` block always has a nanosecond timestamp of 19 digits that nobody reads:
 * only what stands before that block decides. Measured: the exact way costs 4 times the plain one.
 */
export function parseEnvelopeJson(text: string): Json {
  const source = text.lastIndexOf('"source":{"version":"');
  const rowsComeFirst = source !== -1 && text.indexOf('"after":', source) === -1;
  const rows = rowsComeFirst ? text.slice(0, source) : text;
  return LONG_NUMBER.test(rows) ? JSON.parse(text, exactInteger) : JSON.parse(text);
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

function exactInteger(_name: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  const source = context?.source ?? "";
  return /^-?\d+$/.test(source) ? BigInt(source) : value;
}
