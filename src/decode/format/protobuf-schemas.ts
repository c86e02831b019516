import type { SchemaRegistry as Client } from "@kafkajs/confluent-schema-registry";
import { isObject, type Json } from "../value/json.ts";
import { plainSource } from "./protobuf-source.ts";

type Options = ConstructorParameters<typeof Client>[0];
type Middleware = NonNullable<Options["middlewares"]>[number];

/**
 * The Protobuf sources in a registry's answers. The client parses them, so it gets them plain, and keeps nothing but
 * types whose fields it renamed.
 */
export class ProtobufSchemas {
  #sources: string[] = [];

  readonly middleware: Middleware = () => ({
    response: async (next) => {
      const response = await next();
      const body = parsed(response.rawData());
      // What a Protobuf schema refers to is Protobuf, whether a registry says so again or not.
      const isProtobuf = isObject(body) && body.schemaType === "PROTOBUF";
      if (!isObject(body) || !(isProtobuf || this.#sources.length > 0)) return response;
      const schema = plainSource(String(body.schema));
      this.#sources.push(schema);
      return response.enhance({ rawData: JSON.stringify({ ...body, schema }) });
    },
  });

  /** Those that came since the last call, the one that was asked for before those that it refers to. */
  take(): readonly string[] {
    const taken = this.#sources;
    this.#sources = [];
    return taken;
  }
}

/** `null` where it is no JSON: the client says so. */
function parsed(text: unknown): Json {
  try {
    return JSON.parse(String(text)) as Json;
  } catch {
    return null;
  }
}
