import { isUtf8 } from "node:buffer";
import type { Type as AvroType, Schema } from "avsc";
import type { Type as ProtobufType } from "protobufjs";
import type { RecordFormat } from "../../data/record.ts";
import { DetailedError } from "../../lib/errors.ts";
import { type Json, type JsonObject, parseEnvelopeJson } from "../value/json.ts";
import type { ConnectSchema } from "../value/logical-types.ts";
import { connectSchemaOfAvro, readAvro } from "./avro.ts";
import { connectSchemaOfJson } from "./json-schema.ts";
import { protobufSchemaOf, readProtobuf } from "./protobuf.ts";
import { connectSchemaOfProtobuf } from "./protobuf-schema.ts";

/** A payload in the form of Connect's JSON converter, with the schema that wrote it. */
export type Read = {
  readonly payload: Json;
  readonly text: string;
  readonly schema: ConnectSchema;
  readonly format: RecordFormat;
};

/** Reads the payloads of one schema. */
export type SchemaReader = (payload: Buffer) => Read;

/**
 * The reader of a schema as the registry's client returns it.
 * @param written the original Avro schema, which the client does not keep
 * @param sources the original Protobuf schema and its references, which the client does not keep
 */
export function readerOf(
  schema: unknown,
  written: Schema | null,
  sources: readonly string[],
): SchemaReader {
  try {
    return readerBy(schema, written, sources);
  } catch (error) {
    // A second request would return the same schema, so its records get this error.
    return () => {
      throw error;
    };
  }
}

function readerBy(
  schema: unknown,
  written: Schema | null,
  sources: readonly string[],
): SchemaReader {
  if (sources.length > 0) return protobufReader(sources);
  if (isJsonSchema(schema)) return jsonReader(schema.validate.schema);
  return avroReader(schema as AvroType, written as Schema);
}

function avroReader(type: AvroType, written: Schema): SchemaReader {
  const schema = connectSchemaOfAvro(written);
  return (payload) => ({ payload: readAvro(type, payload), text: "", schema, format: "avro" });
}

function jsonReader(written: JsonObject): SchemaReader {
  const schema = connectSchemaOfJson(written);
  return (payload) => {
    if (!isUtf8(payload)) throw new DetailedError("the value is not UTF-8");
    const text = payload.toString("utf8");
    return { payload: parseEnvelopeJson(text), text, schema, format: "json-schema" };
  };
}

function protobufReader(sources: readonly string[]): SchemaReader {
  const written = protobufSchemaOf(sources);
  const schemas = new Map<ProtobufType, ConnectSchema>();
  return (bytes) => {
    const { payload, type } = readProtobuf(written, bytes);
    const schema = schemas.get(type) ?? connectSchemaOfProtobuf(type);
    schemas.set(type, schema);
    return { payload, text: "", schema, format: "protobuf" };
  };
}

function isJsonSchema(
  schema: unknown,
): schema is { readonly validate: { readonly schema: JsonObject } } {
  return typeof schema === "object" && schema !== null && "validate" in schema;
}
