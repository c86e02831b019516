import { isObject, type Json, parseJson } from "./json.ts";
import type { ConnectSchema } from "./logical-types.ts";

/** What a JSON record holds: its payload as text, and its schema where the converter embeds one. */
export type JsonParts = { readonly payload: string; readonly schema: ConnectSchema | null };

const START = Buffer.from('{"schema":');
const PAYLOAD = '"payload":';

/**
 * Takes the embedded schema off a record. The same schema block comes again with every record and is several times
 * larger than the payload, so the last one is recognised by its bytes and not parsed again.
 */
export class EmbeddedSchema {
  #prefix: Buffer | null = null;
  #schema: ConnectSchema | null = null;

  /** @throws SyntaxError where the bytes look like a schema block and are no JSON */
  split(value: Buffer): JsonParts {
    if (!startsWith(value, START)) return { payload: value.toString("utf8"), schema: null };
    if (this.#prefix === null || !startsWith(value, this.#prefix)) {
      const text = value.toString("utf8");
      const parsed = parseJson(text);
      if (!isEmbedded(parsed)) return { payload: text, schema: null };
      const after = parsed.schema === null ? 0 : endOfObject(text, text.indexOf("{", 1));
      const end = text.indexOf(PAYLOAD, after) + PAYLOAD.length;
      this.#prefix = Buffer.from(text.slice(0, end));
      this.#schema = parsed.schema;
    }
    return {
      payload: value.toString("utf8", this.#prefix.length, value.lastIndexOf("}")),
      schema: this.#schema,
    };
  }
}

function startsWith(value: Buffer, prefix: Buffer): boolean {
  return (
    value.length > prefix.length && value.compare(prefix, 0, prefix.length, 0, prefix.length) === 0
  );
}

/** The converter writes `"schema":null` around what has none. */
function isEmbedded(parsed: Json): parsed is { schema: ConnectSchema | null; payload: Json } {
  return (
    isObject(parsed) &&
    Object.keys(parsed).join() === "schema,payload" &&
    (parsed.schema === null || (isObject(parsed.schema) && typeof parsed.schema.type === "string"))
  );
}

/** The index just after the object that begins at `start` in valid JSON. */
function endOfObject(text: string, start: number): number {
  const token = /"(?:[^"\\]|\\.)*"|[{}]/g;
  token.lastIndex = start;
  let depth = 0;
  for (let match = token.exec(text); match; match = token.exec(text)) {
    if (match[0] === "{") depth += 1;
    if (match[0] === "}" && --depth === 0) return token.lastIndex;
  }
  return text.length;
}
