import type { Operation } from "../../data/event.ts";
import { isObject, type JsonObject } from "../value/json.ts";

/** Debezium's envelope: `op`, `before`, `after`, `source`, `ts_ms`. */
export type Envelope = {
  readonly op: string;
  readonly before?: unknown;
  readonly after?: unknown;
  readonly source: JsonObject & { readonly connector: string };
  readonly ts_ms?: unknown;
  /** MongoDB: which fields an update set and removed. */
  readonly updateDescription?: unknown;
  /** Present if the connector provides transaction metadata. */
  readonly transaction?: unknown;
};

/** Without a prototype, so that an op named `constructor` is not found. */
export const OPERATIONS: { readonly [op: string]: Operation | undefined } = Object.assign(
  Object.create(null),
  { c: "create", u: "update", r: "read", d: "delete" },
);

/** A row may have columns named `op` and `source`; their values differ from an envelope's. */
export function isEnvelope(payload: JsonObject): payload is JsonObject & Envelope {
  return (
    typeof payload.op === "string" &&
    isObject(payload.source) &&
    typeof payload.source.connector === "string"
  );
}

/**
 * An envelope without its source block must not be processed as a flattened row. A table that records changes may have
 * columns of these names too, but they contain text or numbers.
 */
export function isBroken(payload: JsonObject): boolean {
  const { op, before, after } = payload;
  return (
    typeof op === "string" &&
    op.length === 1 &&
    isImage(before) &&
    isImage(after) &&
    !isEnvelope(payload)
  );
}

function isImage(value: unknown): boolean {
  return value === null || isObject(value);
}

/** Whether the record is its table's last one in a full snapshot. */
export function endsSnapshot({ snapshot }: JsonObject): boolean {
  return snapshot === "last_in_data_collection" || snapshot === "last";
}

/**
 * Connectors whose `before` is the complete row, by Debezium's documentation of each. PostgreSQL's depends on the table's
 * replica identity; MongoDB's is complete if present, which depends on the capture mode; Vitess' is undocumented.
 */
export const COMPLETE_BEFORE: ReadonlySet<string> = new Set([
  "mysql",
  "mariadb",
  "sqlserver",
  "oracle",
  "mongodb",
]);
