import { isUtf8 } from "node:buffer";
import { CdcError } from "../../lib/errors.ts";
import { PayloadReader } from "../format/payload-reader.ts";
import { isObject, type Json, jsonText } from "../value/json.ts";

/** The model's key: fields of the record key in order; `null` takes all in the record's order. */
export type KeyFields = readonly string[] | null;

/** Reads the record keys of one topic: the identity of its rows, as canonical JSON of the values, `["org1",7]`. */
export class RecordKey {
  readonly #fields: KeyFields;
  readonly #reader: PayloadReader;

  constructor(fields: KeyFields, reader: PayloadReader = new PayloadReader(null)) {
    this.#fields = fields;
    this.#reader = reader;
  }

  /**
   * @throws CdcError MISSING_KEY if the record has none, KEY_MISMATCH if its fields are not the model's
   */
  read(key: Buffer | null): string {
    const fields = key === null || key.length === 0 ? null : this.#parse(key);
    if (fields === null || (isObject(fields) && Object.keys(fields).length === 0)) {
      throw new CdcError(
        "MISSING_KEY",
        "the record has no key, so its row cannot be identified; give the table a primary key, or set Debezium's message.key.columns",
      );
    }
    const values = this.#values(fields);
    return values.every(isPlain) ? JSON.stringify(values) : jsonText(values);
  }

  #parse(key: Buffer): Json {
    try {
      return this.#reader.read(key).payload;
    } catch (error) {
      // Kafka's StringConverter writes keys as bare text.
      const bare = error instanceof CdcError && error.code === "INVALID_JSON" && isUtf8(key);
      const text = key.toString("utf8");
      if (bare && !/^[{["]/.test(text)) return text;
      if (!(error instanceof CdcError)) throw error;
      throw CdcError.from(error.code, "the record key cannot be read", error);
    }
  }

  #values(key: Json): readonly Json[] {
    const fields = this.#fields;
    if (!isObject(key)) {
      if (fields === null || fields.length === 1) return [key];
      throw mismatch(fields, "is a single value");
    }
    const names = Object.keys(key);
    if (fields === null) return names.map((name) => key[name] as Json);
    if (names.length !== fields.length || !fields.every((name) => Object.hasOwn(key, name))) {
      throw mismatch(fields, `has the fields ${names.join(", ")}`);
    }
    return fields.map((name) => key[name] as Json);
  }
}

/** Values that JSON.stringify writes exactly. */
function isPlain(value: Json): boolean {
  return value === null || (typeof value !== "object" && typeof value !== "bigint");
}

function mismatch(fields: readonly string[], found: string): CdcError {
  return new CdcError(
    "KEY_MISMATCH",
    `the model's key is ${fields.join(", ")}, but the record key ${found}; a row is identified by its record key: ` +
      "change `key`, or set Debezium's message.key.columns",
  );
}
