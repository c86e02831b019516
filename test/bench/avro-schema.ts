import type { Json } from "../../src/decode/value/json.ts";
import type { TableSchema } from "./table-schema.ts";

type Avro = { readonly [attribute: string]: unknown };

const TYPES: { readonly [connect: string]: string | undefined } = { int32: "int", int64: "long" };

/**
 * The Avro form of a Connect schema, by the rules of Confluent's `AvroData`: Connect's own names and defaults become
 * `connect.*` attributes, what is optional a union with null, the default's branch first; a struct is written out once.
 */
export function avroOf(root: TableSchema): Avro {
  const written = new Set<string>();

  const recordOf = ({ name = "", fields = [], ...schema }: TableSchema, around: string) => {
    const [namespace, short] = [name.slice(0, name.lastIndexOf(".")), name.split(".").at(-1)];
    if (written.has(name)) return short;
    written.add(name);
    return {
      type: "record",
      name: short,
      ...(namespace !== around && { namespace }),
      fields: fields.map((field) => ({ name: field.field, ...typeOf(field, namespace) })),
      ...connectAttributes({ ...schema, name }),
    };
  };

  const typeOf = (schema: TableSchema, around: string): Avro => {
    const own = schema.type === "struct" ? recordOf(schema, around) : primitiveOf(schema);
    const fallback = schema.default as Json | undefined;
    if (!schema.optional)
      return { type: own, ...(fallback !== undefined && { default: fallback }) };
    return fallback === undefined
      ? { type: ["null", own], default: null }
      : { type: [own, "null"], default: fallback };
  };

  return recordOf(root, "") as Avro;
}

function primitiveOf(schema: TableSchema): string | Avro {
  const type = TYPES[schema.type] ?? schema.type;
  const attributes = connectAttributes(schema);
  if (Object.keys(attributes).length === 0) return type;
  const { scale, "connect.decimal.precision": precision } = schema.parameters ?? {};
  const decimal = scale !== undefined && { scale: Number(scale), precision: Number(precision) };
  return { type, ...decimal, ...attributes, ...(decimal && { logicalType: "decimal" }) };
}

function connectAttributes({ version, parameters, default: fallback, name }: Partial<TableSchema>) {
  return {
    ...(version !== undefined && { "connect.version": version }),
    ...(parameters && { "connect.parameters": parameters }),
    ...(fallback !== undefined && { "connect.default": fallback }),
    ...(name !== undefined && { "connect.name": name }),
  };
}
