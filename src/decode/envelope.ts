import type { Operation } from "../event.ts";
import { isObject, type JsonObject } from "./json.ts";

/** Debezium's envelope: `op`, `before`, `after`, `source`, `ts_ms`. */
export type Envelope = {
  readonly op: string;
  readonly before?: unknown;
  readonly after?: unknown;
  readonly source: JsonObject;
  readonly ts_ms?: unknown;
};

export const OPERATIONS: { readonly [op: string]: Operation | undefined } = {
  c: "create",
  u: "update",
  r: "read",
  d: "delete",
};

/** A row with columns named `op` and `source` is no envelope: those hold no text and block of this kind. */
export function isEnvelope(payload: JsonObject): payload is JsonObject & Envelope {
  return (
    typeof payload.op === "string" && isObject(payload.source) && "connector" in payload.source
  );
}

/** An envelope that lost its source block must not be taken for a flattened row. */
export function isBroken(payload: JsonObject): boolean {
  return (
    typeof payload.op === "string" &&
    "before" in payload &&
    "after" in payload &&
    !isEnvelope(payload)
  );
}

/** Connectors whose `before` is the whole row: Debezium's documentation of each. PostgreSQL's depends on the table. */
export const COMPLETE_BEFORE: ReadonlySet<string> = new Set([
  "mysql",
  "mariadb",
  "sqlserver",
  "oracle",
]);
