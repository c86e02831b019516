import { isUtf8 } from "node:buffer";
import type { RecordFormat } from "../../data/record.ts";
import { CdcError, messageOf } from "../../lib/errors.ts";
import { type Json, parseEnvelopeJson } from "../value/json.ts";
import type { ConnectSchema } from "../value/logical-types.ts";
import { EmbeddedSchema } from "./embedded-schema.ts";
import type { SchemaRegistry } from "./schema-registry.ts";
import { schemaIdOf } from "./schema-registry.ts";

/** What a key or value holds; `text` is its JSON where it came as JSON, else empty. */
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
        "the bytes begin as Confluent's wire format does; name the registry in kafka.schemaRegistry.url",
      );
    }
    if (!isUtf8(bytes)) throw new CdcError("INVALID_JSON", notJson(bytes));
    try {
      const { payload: text, schema } = this.#embedded.split(bytes);
      const format = schema === null ? "json" : "json-with-schema";
      return { payload: parseEnvelopeJson(text), text, schema, format };
    } catch (error) {
      if (error instanceof CdcError) throw error;
      throw new CdcError("INVALID_JSON", `${notJson(bytes)}: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }
}

function notJson(bytes: Buffer): string {
  return `it is not JSON: ${bytes.toString("latin1", 0, 40).replace(/[^\x20-\x7e]/g, "\u00b7")}`;
}
