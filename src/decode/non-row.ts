import type { NonRowKind } from "../event.ts";
import { isObject, type JsonObject } from "./json.ts";

/** Records that a topic pattern may catch and that are no rows, by their shape; `null` for anything else. */
export function nonRowKind(payload: JsonObject): NonRowKind | null {
  if (payload.op === "m" && isObject(payload.message)) return "logical message";
  if (isObject(payload.source) && "ddl" in payload && "databaseName" in payload)
    return "schema change";
  const names = Object.keys(payload);
  if (names.every((name) => HEARTBEAT.has(name)) && typeof payload.ts_ms === "number")
    return "heartbeat";
  if (
    (payload.status === "BEGIN" || payload.status === "END") &&
    "event_count" in payload &&
    "id" in payload
  ) {
    return "transaction";
  }
  return isSignal(isObject(payload.after) ? payload.after : payload) ? "signal" : null;
}

/**
 * A row of the signal table, where the marks around each chunk of an incremental snapshot stand too, or a record of the
 * signal topic. Of Debezium's types `log` is left out: a table of one's own may well have rows of that type.
 */
function isSignal(row: JsonObject): boolean {
  return (
    typeof row.type === "string" &&
    SIGNALS.has(row.type) &&
    Object.keys(row).every((name) => name === "id" || name === "type" || name === "data")
  );
}

const SIGNALS: ReadonlySet<string> = new Set([
  ...["execute-snapshot", "stop-snapshot", "pause-snapshot", "resume-snapshot"],
  ...["snapshot-window-open", "snapshot-window-close", "schema-changes"],
]);

/** Vitess' has its place in the log beside the time. */
const HEARTBEAT: ReadonlySet<string> = new Set(["ts_ms", "ts_us", "ts_ns", "vgtid"]);
