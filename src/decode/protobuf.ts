import { isUtf8 } from "node:buffer";
import protobuf, { type Enum, type Field, type Root, type Type } from "protobufjs";
import { fieldCount } from "./connect-schema.ts";
import { isObject, type Json, type JsonObject } from "./json.ts";
import type { ConnectSchema } from "./logical-types.ts";
import { paramsOf } from "./protobuf-source.ts";
import { addBundledTypes, isWrapper, knownType, structName } from "./protobuf-types.ts";

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

/** A schema's own file and those that it imports, as one. */
export type ProtobufSchema = { readonly root: Root; readonly isProto3: boolean };

/** @param sources made plain; the schema's own file first, by whose types messages say what they are */
export function protobufSchemaOf(sources: readonly string[]): ProtobufSchema {
  const root = new protobuf.Root();
  // Otherwise a column `created_at` would be called `createdAt`.
  for (const source of sources) protobuf.parse(source, root, { keepCase: true });
  addBundledTypes(root);
  return { root, isProto3: /\bsyntax\s*=\s*["']proto3["']/.test(sources[0] ?? "") };
}

/** Reads a message into the form that Connect's JSON converter would have written. */
export function readProtobuf(
  { root, isProto3 }: ProtobufSchema,
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
  return { payload: message(type, object, isProto3), type };
}

/** The Connect schema of a message type. Debezium's logical names are in it only where the params of a field say them. */
export function connectSchemaOfProtobuf(root: Type): ConnectSchema {
  return schemaOf(root, new Set(), fieldCount());
}

/** A message that holds others of its kind, as `google.protobuf.Struct` does, has no end: it is not looked into again. */
function schemaOf(type: Type, inside: Set<Type>, count: () => void): ConnectSchema {
  if (inside.has(type)) return { type: "struct" };
  inside.add(type);
  const schema: ConnectSchema = {
    type: "struct",
    name: structName(type),
    fields: type.fieldsArray.map((field) => {
      count();
      const own = fieldSchema(field, inside, count);
      if (isMap(field)) return { type: "map", values: own, field: field.name };
      return field.repeated
        ? { type: "array", items: own, field: field.name }
        : { ...own, field: field.name };
    }),
  };
  inside.delete(type);
  return schema;
}

/** Of the field's one value, where it has several. */
function fieldSchema(field: Field, inside: Set<Type>, count: () => void): ConnectSchema {
  const inner = messageType(field);
  if (inner && isEntry(field, inner))
    return fieldSchema(inner.fields.value as Field, inside, count);
  if (inner && isWrapper(inner)) return fieldSchema(inner.fields.value as Field, inside, count);
  const known = inner && knownType(inner);
  if (known) return { type: "string", name: known.name };
  if (inner) return schemaOf(inner, inside, count);
  const params = paramsOf(field.options);
  const scale = params.get("scale");
  return {
    type: TYPES[field.type] ?? "string",
    name: params.get("connect.name") ?? undefined,
    parameters: scale === null ? undefined : { scale },
  };
}

const TYPES: { readonly [type: string]: string | undefined } = { double: "double", float: "float" };

function messageType(field: Field): Type | null {
  const { resolvedType } = field.resolve();
  return resolvedType && "fieldsArray" in resolvedType ? resolvedType : null;
}

function isMap(field: Field): boolean {
  const inner = messageType(field);
  return field.map || (inner !== null && isEntry(field, inner));
}

/** The converter writes a map as what it is in bytes: a list of messages of a key and a value. */
function isEntry(field: Field, inner: Type): boolean {
  const { key, value } = inner.fields;
  return (
    field.repeated &&
    inner.name.endsWith("Entry") &&
    inner.fieldsArray.length === 2 &&
    key?.repeated === false &&
    value?.repeated === false
  );
}

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

function message(type: Type, object: JsonObject, isProto3: boolean): Json {
  const fields = complete(type, object, isProto3);
  return knownType(type)?.read(fields) ?? fields;
}

/** proto3 leaves defaults out: an absent field is null where the schema can say so, else its type's default. */
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
  // A wrapper's own field is of proto3 wherever the wrapper is used.
  if (optional && !(field.parent && isWrapper(field.parent as Type))) return null;
  if (field.type === "bytes") return "";
  if (field.resolvedType)
    return (field.resolvedType as Enum).valuesById[Number(field.typeDefault)] ?? null;
  return INTEGERS.test(field.type) ? 0 : (field.typeDefault as Json);
}

function one(typeName: string, inner: Type | null, value: Json, isProto3: boolean): Json {
  if (inner && isObject(value)) return message(inner, value, isProto3);
  // JSON has no such numbers: the converters write them as text.
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  if (!INTEGERS.test(typeName) || typeof value !== "string") return value;
  const exact = BigInt(value);
  return Number.isSafeInteger(Number(exact)) ? Number(exact) : exact;
}
