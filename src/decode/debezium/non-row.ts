import type { NonRowKind } from "../../data/event.ts";
import { isObject, type Json, type JsonObject } from "../value/json.ts";

/**
 * The kind of a record that is not a row, which a topic pattern may match; `null` for all others. Each kind has exactly
 * the fields that Debezium gives it: a user's table may have some of them as columns.
 */
export function nonRowKind(payload: JsonObject): NonRowKind | null {
  // Nearly every record has an `op`. Testing all kinds allocated 470 of 15,000 bytes per record.
  const kinds = Object.hasOwn(payload, "op") ? WITH_OP : KINDS;
  for (const kind of kinds) if (isOf(kind, payload)) return kind.what;
  return isObject(payload.after) && isSignal(payload.after) ? "signal" : null;
}

function isOf({ required, optional = [], fits }: Kind, payload: JsonObject): boolean {
  for (const name of required) if (!Object.hasOwn(payload, name)) return false;
  const isKnown = (name: string) => required.includes(name) || optional.includes(name);
  return Object.keys(payload).every(isKnown) && fits(payload);
}

type Kind = {
  readonly what: NonRowKind;
  readonly required: readonly string[];
  readonly optional?: readonly string[];
  readonly fits: (payload: JsonObject) => boolean;
};

const KINDS: readonly Kind[] = [
  {
    what: "heartbeat",
    required: ["ts_ms"],
    // Vitess adds its position in the log.
    optional: ["ts_us", "ts_ns", "vgtid"],
    fits: ({ ts_ms }) => typeof ts_ms === "number",
  },
  {
    what: "transaction",
    required: ["status", "id", "event_count", "data_collections"],
    optional: ["ts_ms", "ts_us", "ts_ns"],
    fits: ({ status, id, data_collections }) =>
      (status === "BEGIN" || status === "END") &&
      isText(id) &&
      (data_collections === null || Array.isArray(data_collections)),
  },
  {
    what: "schema change",
    required: ["source", "databaseName", "ddl"],
    // Records of the connector's schema history have a position.
    optional: ["schemaName", "tableChanges", "position", "ts_ms", "ts_us", "ts_ns"],
    fits: ({ source }) => isObject(source),
  },
  {
    what: "logical message",
    required: ["op", "source", "message"],
    optional: ["before", "after", "transaction", "ts_ms", "ts_us", "ts_ns"],
    fits: ({ op, source, message }) => op === "m" && isObject(source) && isObject(message),
  },
  {
    what: "notification",
    required: ["id", "aggregate_type", "type", "additional_data"],
    optional: ["timestamp"],
    fits: ({ id, aggregate_type, type, additional_data }) =>
      isText(id) &&
      isText(aggregate_type) &&
      isText(type) &&
      (additional_data === null || isObject(additional_data)),
  },
  { what: "signal", required: ["type"], optional: ["id", "data"], fits: isSignal },
];

const WITH_OP = KINDS.filter(({ required }) => required.includes("op"));

/**
 * A row of the signal table, which also has the watermarks of incremental snapshots, or a record of the signal topic.
 * Debezium's type `log` is excluded: a user's table may have rows of that type.
 */
function isSignal(row: JsonObject): boolean {
  const { id, type, data } = row;
  return (
    isText(type) &&
    SIGNALS.has(type) &&
    (id === undefined || isText(id)) &&
    isSignalData(data) &&
    Object.keys(row).every((name) => SIGNAL_FIELDS.has(name))
  );
}

const SIGNAL_FIELDS: ReadonlySet<string> = new Set(["id", "type", "data"]);

/** An object, as text in the table; pause signals have none. */
function isSignalData(data: Json | undefined): boolean {
  return isText(data) ? /^\s*(?:\{|$)/.test(data) : data == null || isObject(data);
}

const SIGNALS: ReadonlySet<string> = new Set([
  ...["execute-snapshot", "stop-snapshot", "pause-snapshot", "resume-snapshot"],
  ...["snapshot-window-open", "snapshot-window-close", "schema-changes"],
]);

function isText(value: Json | undefined): value is string {
  return typeof value === "string";
}
