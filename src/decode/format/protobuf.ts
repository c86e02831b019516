import { isUtf8 } from "node:buffer";
import protobuf, { type Enum, type Field, type Type } from "protobufjs";
import { DetailedError } from "../../lib/errors.ts";
import { isObject, type Json, type JsonObject } from "../value/json.ts";
import { isMap, messageType } from "./protobuf-schema.ts";
import { addBundledTypes, knownType } from "./protobuf-types.ts";

/** Nested message types; real schemas have a handful. */
const DEEPEST_TYPE = 100;

/**
 * The payload begins with the path of the message type in its file: a count and that many indexes, or a single zero for
 * the first type. Numbers are zig-zag varints.
 */
function typePath(bytes: Buffer): { readonly path: readonly number[]; readonly start: number } {
  let index = 0;
  const next = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[index];
      if (byte === undefined)
        throw new DetailedError("the Protobuf payload ends in its message indexes");
      index += 1;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return (value >>> 1) ^ -(value & 1);
    }
  };
  const count = next();
  if (count < 0 || count > DEEPEST_TYPE)
    throw new DetailedError(`a Protobuf message type cannot be ${count} types deep`);
  const path = count === 0 ? [0] : Array.from({ length: count }, next);
  return { path, start: index };
}

/** protobufjs shortens truncated strings and replaces invalid UTF-8 by U+FFFD. */
class TextReader extends protobuf.BufferReader {
  override string(): string {
    const bytes = Buffer.from(this.bytes());
    if (!isUtf8(bytes)) throw new DetailedError("a string is not UTF-8");
    return bytes.toString("utf8");
  }
}

/** The types of a schema's own file, to which a message's path refers, without imported ones. */
export type ProtobufSchema = { readonly types: readonly Type[]; readonly isProto3: boolean };

/** @param sources simplified, the schema's own file first */
export function protobufSchemaOf([own = "", ...imported]: readonly string[]): ProtobufSchema {
  const root = new protobuf.Root();
  // Otherwise `created_at` becomes `createdAt`.
  const keepCase = true;
  protobuf.parse(own, root, { keepCase });
  const types = typesIn(root);
  for (const source of imported) protobuf.parse(source, root, { keepCase });
  addBundledTypes(root);
  return { types, isProto3: /\bsyntax\s*=\s*["']proto3["']/.test(own) };
}

/** Reads a message into the form of Connect's JSON converter. */
export function readProtobuf(
  { types, isProto3 }: ProtobufSchema,
  bytes: Buffer,
): { readonly payload: Json; readonly type: Type } {
  const { path, start } = typePath(bytes);
  const type = typeOfPath(types, path);
  const message = type.decode(new TextReader(bytes.subarray(start)));
  const object = type.toObject(message, {
    longs: String,
    bytes: String,
    enums: String,
    defaults: false,
  });
  return { payload: valueIn(type, object, isProto3), type };
}

type Scope = { readonly nestedArray: readonly unknown[] };

/** Packages are namespaces around the types; indexes count only types. */
function typesIn({ nestedArray }: Scope): Type[] {
  return nestedArray.flatMap((child) => {
    if (typeof child !== "object" || child === null || !("nestedArray" in child)) return [];
    return "fieldsArray" in child ? [child as Type] : typesIn(child as Scope);
  });
}

function typeOfPath(types: readonly Type[], path: readonly number[]): Type {
  let scope = types;
  let found: Type | undefined;
  for (const index of path) {
    found = scope[index];
    if (!found)
      throw new DetailedError(`the Protobuf schema has no message type at ${path.join(".")}`);
    scope = typesIn(found);
  }
  return found as Type;
}

const INTEGERS = /^(u?int|s?fixed|sint)(32|64)$/;

function valueIn(type: Type, object: JsonObject, isProto3: boolean): Json {
  const fields = complete(type, object, isProto3);
  return knownType(type)?.read(fields) ?? fields;
}

/** proto3 omits defaults: an absent field is null if the schema allows it, otherwise its type's default. */
function complete(type: Type, object: JsonObject, isProto3: boolean): JsonObject {
  return Object.fromEntries(
    type.fieldsArray.map((field) => {
      const inner = messageType(field);
      const value = Object.hasOwn(object, field.name) ? object[field.name] : undefined;
      const read = (item: Json) => one(field.type, inner, item, isProto3);
      if (isMap(field)) return [field.name, mapOf(field, value, read)];
      if (value === undefined) return [field.name, absent(field, inner !== null, isProto3)];
      return [field.name, field.repeated ? (value as Json[]).map(read) : read(value)];
    }),
  );
}

function mapOf(field: Field, value: Json | undefined, read: (item: Json) => Json): Json {
  const entries = field.map
    ? Object.entries((value ?? {}) as JsonObject).map(([key, item]) => [key, read(item)])
    : ((value ?? []) as Json[]).map((entry) => {
        const { key, value } = read(entry) as JsonObject;
        return [String(key), value];
      });
  return Object.fromEntries(entries);
}

function absent(field: Field, isMessage: boolean, isProto3: boolean): Json {
  if (field.repeated) return [];
  const optional = isMessage || field.partOf !== null || !isProto3;
  // Known types are proto3 in every schema.
  if (optional && !knownType(field.parent as Type)) return null;
  if (field.type === "bytes") return "";
  if (field.resolvedType)
    return (field.resolvedType as Enum).valuesById[Number(field.typeDefault)] ?? null;
  return INTEGERS.test(field.type) ? 0 : (field.typeDefault as Json);
}

function one(typeName: string, inner: Type | null, value: Json, isProto3: boolean): Json {
  if (inner && isObject(value)) return valueIn(inner, value, isProto3);
  // JSON has no such numbers; the converters write them as text.
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  if (!INTEGERS.test(typeName) || typeof value !== "string") return value;
  const exact = BigInt(value);
  return Number.isSafeInteger(Number(exact)) ? Number(exact) : exact;
}
