import type { Operation } from "../../data/event.ts";
import { isObject, type JsonObject } from "../value/json.ts";

/** Debezium's envelope: `op`, `before`, `after`, `source`, `ts_ms`. */
export type Envelope = {
  readonly op: string;
  readonly before?: unknown;
  readonly after?: unknown;
  readonly source: JsonObject & { readonly connector: string };
  readonly ts_ms?: unknown;
  /** MongoDB's: which fields an update set and removed. */
  readonly updateDescription?: unknown;
  /** Present where the connector is told to provide transaction metadata. */
  readonly transaction?: unknown;
};

/** Without Object's own `constructor` and the like, which no record may name. */
export const OPERATIONS: { readonly [op: string]: Operation | undefined } = Object.assign(
  Object.create(null),
  { c: "create", u: "update", r: "read", d: "delete" },
);

/** A row with columns named `op` and `source` is no envelope: those hold no text and block of this kind. */
export function isEnvelope(payload: JsonObject): payload is JsonObject & Envelope {
  return (
    typeof payload.op === "string" &&
    isObject(payload.source) &&
    typeof payload.source.connector === "string"
  );
}

/**
 * An envelope that lost its source block must not be taken for a flattened row. A table that records changes has columns
 * of these names too, and texts or numbers in them.
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

/** Whether the read is its table's last of a full snapshot: Debezium marks it so in `source.snapshot`. */
export function endsSnapshot({ snapshot }: JsonObject): boolean {
  return snapshot === "last_in_data_collection" || snapshot === "last";
}

/**
 * Connectors whose `before` is the whole row: Debezium's documentation of each. PostgreSQL's depends on the table;
 * MongoDB's is whole where it is there, which its capture mode decides; of Vitess' it is not said.
 */
export const COMPLETE_BEFORE: ReadonlySet<string> = new Set([
  "mysql",
  "mariadb",
  "sqlserver",
  "oracle",
  "mongodb",
]);
