import { isTime } from "../../data/instant.ts";
import type { Headers } from "../../data/record.ts";
import { setOwn } from "../../lib/set-own.ts";
import type { Json, JsonObject } from "../value/json.ts";
import { isAdded, ofEnvelope } from "./added-fields.ts";

/**
 * A record of Debezium's ExtractNewRecordState: the row, with the fields that `add.fields` adds to it and `add.headers`
 * to the headers, under names that begin with `__`. Columns may begin with `__` too.
 */
export type Flattened = {
  readonly row: JsonObject;
  readonly deleted: boolean;
  /** The envelope's `op`, if it was added. */
  readonly op: string | undefined;
  /** The added fields of the source block. */
  readonly source: JsonObject;
  /** When Debezium processed the change, if it was added; the commit time is in the source block. */
  readonly time: number | undefined;
};

export function readFlattened(payload: JsonObject, headers: Headers): Flattened {
  const added: JsonObject = {};
  for (const [name, value] of Object.entries(headers)) {
    if (isAdded(name) && value !== undefined) added[name.slice(2)] = headerValue(value);
  }
  const row: JsonObject = {};
  for (const [name, value] of Object.entries(payload)) {
    if (!isAdded(name)) setOwn(row, name, value);
    else if (value !== null) added[name.slice(2)] = value;
  }
  const source = sourceOf(added);
  const op = typeof added.op === "string" ? added.op : undefined;
  return {
    row,
    deleted: added.deleted === true || added.deleted === "true" || op === "d",
    op,
    source,
    time: isTime(added.ts_ms) ? added.ts_ms : undefined,
  };
}

/** `source.lsn` is added as `__source_lsn`, `lsn` as `__lsn`; the connector is recognised by the fields present. */
function sourceOf(added: JsonObject): JsonObject {
  const source: JsonObject = {};
  for (const [name, value] of Object.entries(added)) {
    if (!name.startsWith("source_") && !ofEnvelope(name)) source[name] ??= value;
  }
  for (const [name, value] of Object.entries(added)) {
    if (name.startsWith("source_")) source[name.slice("source_".length)] = value;
  }
  if (source.connector === undefined) {
    if (source.lsn !== undefined) source.connector = "postgresql";
    else if (source.file !== undefined) source.connector = "mysql";
    else if (source.change_lsn !== undefined) source.connector = "sqlserver";
  }
  // Null fields are absent: a change outside a transaction is the same as one whose transaction number was not added.
  if (source.connector === "mongodb" && source.txnNumber === undefined) delete source.ord;
  return source;
}

/** Header values are text, or a number as JSON. */
function headerValue(value: Buffer | string): Json {
  const text = value.toString();
  return /^-?\d{1,15}$/.test(text) ? Number(text) : text;
}
