import avro, { type Schema, type Type } from "avsc";
import { setOwn } from "../../lib/set-own.ts";
import { fieldCount } from "../value/connect-schema.ts";
import { orTooDeep, rejectDeep } from "../value/depth.ts";
import { isObject, type Json, type JsonObject } from "../value/json.ts";
import type { ConnectSchema } from "../value/logical-types.ts";

/** Exact int64: a number if a double can represent it, otherwise a bigint. avsc's own type throws on `ts_ns`. */
export const exactLongType = avro.types.LongType.__with({
  fromBuffer: (bytes: Buffer) => exactLong(bytes.readInt32LE(4), bytes),
  toBuffer: (value: number | bigint) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(value));
    return bytes;
  },
  fromJSON: (value: number | bigint) => value,
  toJSON: (value: number | bigint) => value,
  isValid: (value: unknown) => typeof value === "bigint" || Number.isInteger(value),
  compare: (a: number | bigint, b: number | bigint) => (a < b ? -1 : a > b ? 1 : 0),
});

function exactLong(high: number, bytes: Buffer): number | bigint {
  // 53 bits and a sign: up to 21 bits in the high half.
  if (high >= -0x200000 && high < 0x200000) return high * 0x1_0000_0000 + bytes.readUInt32LE(0);
  return bytes.readBigInt64LE(0);
}

/** Reads a value into the form of Connect's JSON converter. */
export function readAvro(type: Type, bytes: Buffer): Json {
  let value: Json;
  try {
    value = jsonForm(type.fromBuffer(bytes));
  } catch (error) {
    throw orTooDeep(error);
  }
  rejectDeep(value, bytes.length);
  return value;
}

function jsonForm(value: unknown): Json {
  // JSON has no such numbers; the converters write them as text.
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  if (typeof value !== "object" || value === null) return value as Json;
  if (Buffer.isBuffer(value)) return value.toString("base64");
  if (Array.isArray(value)) return value.map(jsonForm);
  // A loop over keys: entries took 3 of the 15 µs to decode a record.
  const object: JsonObject = {};
  for (const name of Object.keys(value)) {
    setOwn(object, name, jsonForm((value as JsonObject)[name]));
  }
  return object;
}

/** The Connect schema of an Avro schema: Connect stores its names in `connect.*` attributes. */
export function connectSchemaOfAvro(root: Schema): ConnectSchema {
  const named = new Map<string, JsonObject>();
  const inside = new Set<string>();
  const count = fieldCount();

  const convert = (schema: Json, namespace: string): ConnectSchema => {
    if (Array.isArray(schema))
      return convert(schema.find((branch) => branch !== "null") ?? "null", namespace);
    if (typeof schema === "string") {
      const known = named.get(schema) ?? named.get(`${namespace}.${schema}`);
      return known
        ? convert(known, String(known.namespace ?? namespace))
        : { type: schema === "long" ? "int64" : schema };
    }
    if (!isObject(schema)) return { type: "null" };
    const own = typeof schema.namespace === "string" ? schema.namespace : namespace;
    if (typeof schema.name !== "string") return convertObject(schema, own);
    const name = `${own}.${schema.name}`;
    // A recursive record has no end.
    if (inside.has(name)) return { type: "null" };
    named.set(schema.name, schema);
    named.set(name, { ...schema, namespace: own });
    inside.add(name);
    const converted = convertObject(schema, own);
    inside.delete(name);
    return converted;
  };

  const convertObject = (schema: JsonObject, own: string): ConnectSchema => {
    count();
    const parameters = schema["connect.parameters"];
    return {
      type: TYPES[String(schema.type)] ?? convert(schema.type as Json, own).type,
      name: textOr(schema["connect.name"]),
      parameters: isObject(parameters) ? (parameters as ConnectSchema["parameters"]) : undefined,
      default: defaultOf(schema),
      fields: Array.isArray(schema.fields)
        ? (schema.fields as JsonObject[]).map((field) => ({
            ...convert(field.type as Json, own),
            field: String(field.name),
          }))
        : undefined,
      items: schema.items === undefined ? undefined : convert(schema.items, own),
      values: schema.values === undefined ? undefined : convert(schema.values, own),
    };
  };
  return convert(root as unknown as Json, "");
}

const TYPES: { readonly [avro: string]: string | undefined } = {
  record: "struct",
  array: "array",
  map: "map",
  enum: "string",
  fixed: "bytes",
  long: "int64",
  int: "int32",
};

/** Avro writes the bytes of a default as text, one character per byte. */
function defaultOf(schema: JsonObject): Json | undefined {
  const fallback = schema["connect.default"];
  return schema.type === "bytes" && typeof fallback === "string"
    ? Buffer.from(fallback, "latin1").toString("base64")
    : fallback;
}

function textOr(value: Json | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}
