import { instantText, utcText } from "../../data/instant.ts";
import { Real, real, type Value } from "../../data/row.ts";
import { setOwn } from "../../lib/set-own.ts";
import { toDouble } from "../value/column-types.ts";
import { decimal } from "../value/decimal.ts";
import { isObject, type Json, type JsonObject, parseJson, wrongValue } from "../value/json.ts";

/**
 * Reads a MongoDB document, which the connector writes as text in MongoDB's Extended JSON: version 1 strict by default,
 * version 2 relaxed or canonical with `json.serialization.mode`. Types become plain values: `{"$oid": "…"}` its text,
 * `{"$numberLong": "42"}` 42.
 * @throws Error if the text is not JSON or a value is not of its type
 */
export function readDocument(text: string): Value {
  return plain(parseDocument(text));
}

/** Whole doubles, `5.0` or `1.0E21`, which `JSON.parse` turns into integers. */
const WHOLE_DOUBLE = /\.0+\s*[,\]}]|\d[eE][+-]?\d+\s*[,\]}]/;
/**
 * Version 1 strict writes NaN and infinities as bare words. A string without an end matches to the end of the text in one
 * pass: retrying from each character takes quadratic time on a truncated document.
 */
const BARE_WORD = /"[^"\\]*(?:\\[\s\S][^"\\]*)*(?:"|\\?$)|-?\b(?:NaN|Infinity)\b/g;

function parseDocument(text: string): Json {
  let json = text;
  let value: Json;
  try {
    value = parseJson(json);
  } catch (error) {
    json = text.replace(BARE_WORD, (word) => (word.startsWith('"') ? word : `"${word}"`));
    if (json === text) throw error;
    value = parseJson(json);
  }
  return WHOLE_DOUBLE.test(json) ? (JSON.parse(json, exactNumber) as Json) : value;
}

/** `parseJson` has already rejected numbers that are too long. */
function exactNumber(_name: string, value: unknown, { source = "" } = {}): unknown {
  if (typeof value !== "number") return value;
  if (!/^-?\d+$/.test(source)) return Number.isFinite(value) ? real(source) : source;
  return Number.isSafeInteger(value) ? value : BigInt(source);
}

function plain(value: Json): Value {
  if (typeof value !== "object" || value === null || value instanceof Real) return value;
  if (Array.isArray(value)) return value.map(plain);
  const object = value as JsonObject;
  for (const name in object) {
    // A type's name is the first field; fields of documents do not begin with a dollar.
    const read = name.startsWith("$") ? TYPES.get(name) : undefined;
    if (read) return read(object[name] as Json, object);
    break;
  }
  const row: { [name: string]: Value } = {};
  for (const [name, field] of Object.entries(object)) {
    setOwn(row, name, plain(field));
  }
  return row;
}

type Reader = (raw: Json, whole: JsonObject) => Value;

/** MongoDB's reference, "MongoDB Extended JSON (v2)" and "(v1)": types by the name of their first field. */
const TYPES: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ["$oid", text],
  ["$uuid", text],
  ["$symbol", text],
  ["$code", text],
  ["$numberInt", integer],
  ["$numberLong", integer],
  ["$numberDouble", toDouble],
  ["$numberDecimal", (raw) => decimal(raw, undefined)],
  ["$date", date],
  [
    "$binary",
    (raw, whole) => (isObject(raw) ? binary(raw.base64, raw.subType) : binary(raw, whole.$type)),
  ],
  ["$timestamp", (raw) => plain(raw)],
  ["$dbPointer", (raw) => plain(raw)],
  ["$regex", (raw, { $options = "" }) => `/${text(raw)}/${text($options)}`],
  ["$regularExpression", regularExpression],
  ["$undefined", () => null],
  ["$minKey", () => "MinKey"],
  ["$maxKey", () => "MaxKey"],
]);

function text(raw: Json | undefined): string {
  if (typeof raw === "string") return raw;
  throw wrongValue("not a string, which Extended JSON requires here", raw);
}

function integer(raw: Json): Value {
  if (typeof raw === "number" || typeof raw === "bigint") return raw;
  if (!/^-?\d{1,19}$/.test(text(raw))) throw wrongValue("not a 64-bit integer", raw);
  const exact = BigInt(text(raw));
  return Number.isSafeInteger(Number(exact)) ? Number(exact) : exact;
}

/** Milliseconds since 1970 in version 1; ISO text or `{"$numberLong": "…"}` in version 2. */
function date(raw: Json): Value {
  if (typeof raw === "string") return utcText(raw);
  const count = isObject(raw) ? integer(raw.$numberLong as Json) : raw;
  if (typeof count === "bigint" || Number.isInteger(count))
    return instantText(count as number | bigint, "ms");
  throw wrongValue("not a date", raw);
}

/** Bytes stay base64. Subtype 4 is a UUID; the older subtype 3 does not define its byte order. */
function binary(base64: Json | undefined, subtype: Json | undefined): Value {
  if (subtype !== "04") return text(base64);
  const hex = Buffer.from(text(base64), "base64").toString("hex");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

function regularExpression(raw: Json): Value {
  const { pattern, options } = isObject(raw) ? raw : {};
  return `/${text(pattern)}/${text(options)}`;
}
