import { isUtf8 } from "node:buffer";
import protobuf, { type Root, type Type } from "protobufjs";
import { fieldCount } from "./connect-schema.ts";
import { isObject, type Json, type JsonObject } from "./json.ts";
import type { ConnectSchema } from "./logical-types.ts";

/** Message types within each other; a handful where a schema is real. */
const DEEPEST_TYPE = 100;

/**
 * Protobuf's payload begins with the path of the message's type in its file: a count and that many indexes, or a single
 * zero for the first type. Numbers are zig-zag varints.
 */
function typePath(bytes: Buffer): { readonly path: readonly number[]; readonly start: number } {
  let at = 0;
  const next = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at];
      if (byte === undefined) throw new Error("the Protobuf payload ends in its message indexes");
      at += 1;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return (value >>> 1) ^ -(value & 1);
    }
  };
  const count = next();
  if (count < 0 || count > DEEPEST_TYPE)
    throw new Error(`a Protobuf message type cannot be ${count} types deep`);
  const path = count === 0 ? [0] : Array.from({ length: count }, next);
  return { path, start: at };
}

/** protobufjs gives what there is of a text that was cut off, and U+FFFD for bytes that are none. */
class TextReader extends protobuf.BufferReader {
  override string(): string {
    const bytes = Buffer.from(this.bytes());
    if (!isUtf8(bytes)) throw new Error("a text is not UTF-8");
    return bytes.toString("utf8");
  }
}

/** Reads a message into the form that Connect's JSON converter would have written. */
export function readProtobuf(
  root: Root,
  bytes: Buffer,
): { readonly payload: Json; readonly type: Type } {
  const { path, start } = typePath(bytes);
  const type = typeAt(root, path);
  const message = type.decode(new TextReader(bytes.subarray(start)));
  const object = type.toObject(message, {
    longs: String,
    bytes: String,
    enums: String,
    defaults: false,
  });
  return { payload: complete(type, object), type };
}

/** The Connect schema of a message type; Protobuf keeps no logical names that we could read. */
export function connectSchemaOfProtobuf(root: Type): ConnectSchema {
  return schemaOf(root, new Set(), fieldCount());
}

/** A message that holds others of its kind, as `google.protobuf.Struct` does, has no end: it is not looked into again. */
function schemaOf(type: Type, inside: Set<Type>, count: () => void): ConnectSchema {
  if (inside.has(type)) return { type: "struct" };
  inside.add(type);
  const schema: ConnectSchema = {
    type: "struct",
    fields: type.fieldsArray.map((field) => {
      count();
      field.resolve();
      const inner =
        field.resolvedType && "fieldsArray" in field.resolvedType
          ? (field.resolvedType as Type)
          : null;
      const name = WELL_KNOWN[field.type.replace(/^\./, "")];
      const own =
        inner && name === undefined
          ? schemaOf(inner, inside, count)
          : { type: TYPES[field.type] ?? "string", name };
      return field.repeated
        ? { type: "array", items: own, field: field.name }
        : { ...own, field: field.name };
    }),
  };
  inside.delete(type);
  return schema;
}

const TYPES: { readonly [type: string]: string | undefined } = { double: "double", float: "float" };

const WELL_KNOWN: { readonly [type: string]: string | undefined } = {
  "google.protobuf.Timestamp": "io.debezium.time.ZonedTimestamp",
};

function typeAt(root: Root, path: readonly number[]): Type {
  let scope: { readonly nestedArray: readonly unknown[] } = root;
  // Packages are namespaces around the file's types; indexes count types only.
  const typesOf = (of: { readonly nestedArray: readonly unknown[] }): Type[] =>
    of.nestedArray.flatMap((child) => {
      if (typeof child !== "object" || child === null || !("nestedArray" in child)) return [];
      return "fieldsArray" in child
        ? [child as Type]
        : typesOf(child as { nestedArray: readonly unknown[] });
    });
  let found: Type | undefined;
  for (const index of path) {
    found = typesOf(scope)[index];
    if (!found) throw new Error(`the Protobuf schema has no message type at ${path.join(".")}`);
    scope = found;
  }
  return found as Type;
}

const INTEGERS = /^(u?int|s?fixed|sint)(32|64)$/;

/** proto3 leaves defaults out: an absent field is null where the schema can say so, else its type's default. */
function complete(type: Type, object: JsonObject): JsonObject {
  const result: JsonObject = {};
  for (const field of type.fieldsArray) {
    field.resolve();
    const value = object[field.name];
    const inner =
      field.resolvedType && "fieldsArray" in field.resolvedType
        ? (field.resolvedType as Type)
        : null;
    if (value === undefined) result[field.name] = absent(field, inner !== null);
    else if (field.repeated)
      result[field.name] = (value as Json[]).map((item) => one(field.type, inner, item));
    else result[field.name] = one(field.type, inner, value);
  }
  return result;
}

function absent(field: Type["fieldsArray"][number], isMessage: boolean): Json {
  if (field.repeated) return [];
  const optional = isMessage || field.partOf !== null || field.options?.proto3_optional === true;
  if (optional) return null;
  if (field.type === "bytes") return "";
  return INTEGERS.test(field.type) ? 0 : (field.typeDefault as Json);
}

function one(typeName: string, inner: Type | null, value: Json): Json {
  if (inner && isObject(value)) return wellKnown(typeName, value) ?? complete(inner, value);
  if (!INTEGERS.test(typeName) || typeof value !== "string") return value;
  const exact = BigInt(value);
  return Number.isSafeInteger(Number(exact)) ? Number(exact) : exact;
}

/** Timestamps become ISO text; a wrapper (`Int64Value`, …) is its value. */
function wellKnown(typeName: string, value: JsonObject): Json | undefined {
  const name = typeName.replace(/^\.?google\.protobuf\./, "");
  if (name === "Timestamp") {
    const ms = Number(value.seconds ?? 0) * 1000 + Math.floor(Number(value.nanos ?? 0) / 1_000_000);
    return new Date(ms).toISOString();
  }
  return name !== typeName && name.endsWith("Value") ? (value.value ?? null) : undefined;
}
