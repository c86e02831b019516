import { createHash } from "node:crypto";
import { isObject, type Json } from "../value/json.ts";

/**
 * Recognises the connector's placeholder for an unchanged value that is not in the log (PostgreSQL's TOAST), in the form
 * of each column type: text, bytea (base64), text[], int[] and bigint[] (its bytes), uuid[] (a name-based UUID of it),
 * hstore (a map or JSON text).
 */
export class Placeholder {
  readonly #text: string;
  readonly #base64: string;
  readonly #hstore: string;
  readonly #uuid: string;
  readonly #bytes: Buffer;

  constructor(text: string) {
    this.#text = text;
    this.#bytes = Buffer.from(text);
    this.#base64 = this.#bytes.toString("base64");
    this.#hstore = JSON.stringify({ [text]: text });
    this.#uuid = nameBasedUuid(this.#bytes);
  }

  matches(value: Json): boolean {
    if (typeof value === "string") {
      return value === this.#text || value === this.#base64 || value === this.#hstore;
    }
    if (typeof value !== "object" || value === null) return false;
    if (Array.isArray(value)) return this.#matchesArray(value);
    return isObject(value) && value[this.#text] === this.#text;
  }

  #matchesArray(value: readonly Json[]): boolean {
    if (value.length === 1 && (value[0] === this.#text || value[0] === this.#uuid)) return true;
    return value.length === this.#bytes.length && value.every((item, i) => item === this.#bytes[i]);
  }
}

/** Java's `UUID.nameUUIDFromBytes`: version 3, without a namespace. */
function nameBasedUuid(name: Buffer): string {
  const hash = createHash("md5").update(name).digest();
  hash.writeUInt8(((hash[6] ?? 0) & 0x0f) | 0x30, 6);
  hash.writeUInt8(((hash[8] ?? 0) & 0x3f) | 0x80, 8);
  return hash.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
