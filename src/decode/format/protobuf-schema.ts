import type { Field, Type } from "protobufjs";
import { fieldCount } from "../value/connect-schema.ts";
import type { ConnectSchema } from "../value/logical-types.ts";
import { paramsOf } from "./protobuf-source.ts";
import { isWrapper, knownType, structName } from "./protobuf-types.ts";

/** The Connect schema of a message type. Debezium's logical names are in the params of a field, if the converter wrote them. */
export function connectSchemaOfProtobuf(root: Type): ConnectSchema {
  return schemaOf(root, new Set(), fieldCount());
}

/** A recursive message, such as `google.protobuf.Struct`, has no end: it is not expanded again. */
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

/** The schema of one value of the field. */
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

/** The message type of the field, `null` if it is not a message. */
export function messageType(field: Field): Type | null {
  const { resolvedType } = field.resolve();
  return resolvedType && "fieldsArray" in resolvedType ? resolvedType : null;
}

/** Whether the field is a map, in either form. */
export function isMap(field: Field): boolean {
  const inner = messageType(field);
  return field.map || (inner !== null && isEntry(field, inner));
}

/** The converter writes a map in its binary form: a repeated message of a key and a value. */
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
