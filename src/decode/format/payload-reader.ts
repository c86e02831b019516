import { isUtf8 } from "node:buffer";
import type { RecordFormat } from "../../data/record.ts";
import { CdcError, DetailedError, messageOf } from "../../lib/errors.ts";
import { type Json, parseEnvelopeJson } from "../value/json.ts";
import type { ConnectSchema } from "../value/logical-types.ts";
import { EmbeddedSchema } from "./embedded-schema.ts";
import type { SchemaRegistry } from "./schema-registry.ts";
import { schemaIdOf } from "./schema-registry.ts";

/** The content of a key or value; `text` is its JSON, or empty if it is not in a JSON format. */
export type Payload = {
  readonly payload: Json;
  readonly text: string;
  readonly schema: ConnectSchema | null;
  readonly format: RecordFormat;
};

/** Reads keys or values of one topic, in any of the formats that Connect's converters write. */
export class PayloadReader {
  readonly #registry: SchemaRegistry | null;
  readonly #embedded = new EmbeddedSchema();

  constructor(registry: SchemaRegistry | null) {
    this.#registry = registry;
  }

  /** @throws CdcError INVALID_JSON, UNKNOWN_SHAPE, UNKNOWN_SCHEMA, UNREADABLE_VALUE */
  read(bytes: Buffer): Payload {
    if (schemaIdOf(bytes) !== null) {
      if (this.#registry) return this.#registry.read(bytes);
      throw new CdcError(
        "UNKNOWN_SCHEMA",
        "the bytes are in Confluent's wire format; set kafka.schemaRegistry.url",
      );
    }
    if (!isUtf8(bytes)) throw notJson(bytes);
    try {
      const { payload: text, schema } = this.#embedded.split(bytes);
      const format = schema === null ? "json" : "json-with-schema";
      return { payload: parseEnvelopeJson(text), text, schema, format };
    } catch (error) {
      if (error instanceof CdcError) throw error;
      throw notJson(bytes, error);
    }
  }
}

/** Our own errors are safe: they say what is wrong with JSON that is too deep or has too long a number. */
function notJson(bytes: Buffer, cause?: unknown): CdcError {
  const start = bytes.toString("latin1", 0, 40).replace(/[^\x20-\x7e]/g, "\u00b7");
  const why = cause === undefined ? "" : `: ${messageOf(cause)}`;
  const details = cause instanceof DetailedError ? cause.details : null;
  return new CdcError("INVALID_JSON", `the bytes cannot be read as JSON${why}`, {
    details: details === null ? start : `${start}: ${details}`,
    cause,
  });
}
