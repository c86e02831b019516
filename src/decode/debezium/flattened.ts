import { isTime } from "../../data/instant.ts";
import type { Headers } from "../../data/record.ts";
import { setOwn } from "../../lib/set-own.ts";
import type { Json, JsonObject } from "../value/json.ts";
import { isAdded, ofEnvelope } from "./added-fields.ts";

/**
 * A record of Debezium's ExtractNewRecordState: the row alone, with what `add.fields` put beside its columns and
 * `add.headers` into the headers, under names that begin with `__`. Columns may begin so too.
 */
export type Flattened = {
  readonly row: JsonObject;
  readonly deleted: boolean;
  /** The envelope's `op`, where the record tells it. */
  readonly op: string | undefined;
  /** As much of the source block as was added. */
  readonly source: JsonObject;
  /** When Debezium had the change, where it was added; a commit time is the source block's. */
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

/** `source.lsn` is added as `__source_lsn`, `lsn` as `__lsn`; which connector wrote it shows by what there is. */
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
  // What has no value is not there, so a change outside of a transaction looks like one whose number was not added.
  if (source.connector === "mongodb" && source.txnNumber === undefined) delete source.ord;
  return source;
}

/** Header values are text, or JSON of a number. */
function headerValue(value: Buffer | string): Json {
  const text = value.toString();
  return /^-?\d{1,15}$/.test(text) ? Number(text) : text;
}
