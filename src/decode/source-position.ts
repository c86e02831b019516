import type { SourcePosition } from "../event.ts";
import type { JsonObject } from "./json.ts";

/** What the source block of an envelope says, or the added fields of a flattened record. */
export type SourceBlock = JsonObject;

/** Wide enough for any 64-bit number, so that texts compare as their numbers do. */
const WIDTH = 20;

/**
 * The place of the change in the database's log, where the connector gives one that names a single change of a single
 * row; `null` where it names only a transaction (GTID, SCN) or nothing.
 */
export function positionOf(connector: string, source: SourceBlock): SourcePosition | null {
  switch (connector) {
    case "postgresql":
      return isNumber(source.lsn) ? `postgresql|${padded(source.lsn)}` : null;
    case "mysql":
    case "mariadb":
      return binlogPosition(connector, source);
    case "sqlserver":
      return sqlServerPosition(source);
    case "mongodb":
      return isNumber(source.ts_ms) && isNumber(source.ord)
        ? `mongodb|${padded(source.ts_ms)}:${padded(source.ord)}`
        : null;
    default:
      return null;
  }
}

/** `binlog.000001` sorts by its number, which may grow a digit. Positions of two servers cannot be compared. */
function binlogPosition(connector: string, source: SourceBlock): SourcePosition | null {
  const { server_id, file, pos, row } = source;
  const name = typeof file === "string" ? /^(.+)\.(\d+)$/.exec(file) : null;
  if (!name || !isNumber(server_id) || !isNumber(pos)) return null;
  const [, base, number = ""] = name;
  const place = [padded(number), padded(pos), padded(isNumber(row) ? row : 0)].join(":");
  return `${connector}:${server_id}:${base}|${place}`;
}

function sqlServerPosition(source: SourceBlock): SourcePosition | null {
  const { commit_lsn, change_lsn, event_serial_no } = source;
  if (
    typeof commit_lsn !== "string" ||
    typeof change_lsn !== "string" ||
    !isNumber(event_serial_no)
  ) {
    return null;
  }
  return `sqlserver|${commit_lsn}:${change_lsn}:${padded(event_serial_no)}`;
}

function isNumber(value: unknown): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}

function padded(value: number | bigint | string): string {
  return String(value).padStart(WIDTH, "0");
}
