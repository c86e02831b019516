import type { SchemaRegistry as Client } from "@kafkajs/confluent-schema-registry";
import { isObject, type Json } from "../value/json.ts";
import { plainSource } from "./protobuf-source.ts";

type Options = ConstructorParameters<typeof Client>[0];
type Middleware = NonNullable<Options["middlewares"]>[number];

/**
 * Collects the Protobuf sources from a registry's responses, and simplifies them for the client, which parses them. The
 * client itself keeps only types with renamed fields.
 */
export class ProtobufSchemas {
  #sources: string[] = [];

  readonly middleware: Middleware = () => ({
    response: async (next) => {
      const response = await next();
      const body = parsed(response.rawData());
      // References of a Protobuf schema are Protobuf, even if the registry does not repeat the type.
      const isProtobuf = isObject(body) && body.schemaType === "PROTOBUF";
      if (!isObject(body) || !(isProtobuf || this.#sources.length > 0)) return response;
      const schema = plainSource(String(body.schema));
      this.#sources.push(schema);
      return response.enhance({ rawData: JSON.stringify({ ...body, schema }) });
    },
  });

  /** The sources since the last call: the requested one, then its references. */
  take(): readonly string[] {
    const taken = this.#sources;
    this.#sources = [];
    return taken;
  }
}

/** `null` if it is not JSON, which the client reports. */
function parsed(text: unknown): Json {
  try {
    return JSON.parse(String(text)) as Json;
  } catch {
    return null;
  }
}
