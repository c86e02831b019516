import type { SourcePosition } from "../../data/event.ts";
import { isObject, type JsonObject } from "../value/json.ts";

/** The source block of an envelope, or the added fields of a flattened record. */
export type SourceBlock = JsonObject;

/** Digits of the largest 64-bit number, so that texts compare as numbers do. */
const WIDTH = 20;

/**
 * The source position of a change if the connector has one that identifies one change of one row; `null` if it identifies
 * only a transaction (GTID, SCN) or nothing.
 */
export function positionOf(
  connector: unknown,
  source: SourceBlock,
  transaction?: unknown,
): SourcePosition | null {
  switch (connector) {
    case "postgresql":
      return isNumber(source.lsn) ? `postgresql|${padded(source.lsn)}` : null;
    case "mysql":
    case "mariadb":
      return binlogPosition(connector, source);
    case "sqlserver":
      return sqlServerPosition(source);
    case "mongodb":
      return mongoDbPosition(source);
    case "vitess":
      return isObject(transaction) ? vitessPosition(source, transaction) : null;
    default:
      return null;
  }
}

/**
 * `binlog.000001` is ordered by its number, which may get another digit. Positions of two servers cannot be compared;
 * snapshot records have server id 0 and the position of the server that they were read from.
 */
function binlogPosition(connector: string, source: SourceBlock): SourcePosition | null {
  const { server_id, file, pos, row } = source;
  const name = typeof file === "string" ? /^(.+)\.(\d+)$/.exec(file) : null;
  if (!name || !isNumber(server_id) || !isNumber(pos)) return null;
  const [, base, number = ""] = name;
  const order = [padded(number), padded(pos), padded(isNumber(row) ? row : 0)].join(":");
  return `${connector}:${Number(server_id) === 0 ? "*" : server_id}:${base}|${order}`;
}

/**
 * The order within a transaction is unknown: Debezium orders by `__$command_id`, which is not in the record, and SQL
 * Server's documentation advises against ordering by `__$seqval`, the `change_lsn`. Processing the last change as a stale
 * record would lose it.
 */
function sqlServerPosition(source: SourceBlock): SourcePosition | null {
  const { commit_lsn, change_lsn, event_serial_no } = source;
  if (!isMssqlLsn(commit_lsn) || !isMssqlLsn(change_lsn) || !isNumber(event_serial_no)) {
    return null;
  }
  return `sqlserver|${commit_lsn}~${change_lsn}:${padded(event_serial_no)}`;
}

/**
 * `ts_ms` and `ord` are the cluster time. From MongoDB 6.0 on Debezium writes the wall clock into `ts_ms` of streamed
 * changes, but not of snapshot records, so the two are not compared. All changes of a transaction have the time of its
 * commit, which identifies none of them.
 */
function mongoDbPosition({ ts_ms, ord, wallTime, txnNumber }: SourceBlock): SourcePosition | null {
  if (!isNumber(ts_ms) || !isNumber(ord) || isNumber(txnNumber)) return null;
  const clock = isNumber(wallTime) ? "mongodb:wall" : "mongodb";
  return `${clock}|${padded(ts_ms)}:${padded(ord)}`;
}

/**
 * The order within a shard by Debezium's documentation, "Ordered transaction metadata". Without that setting there is
 * only a VGTID, which identifies a transaction.
 */
function vitessPosition(
  { keyspace, shard }: SourceBlock,
  { transaction_epoch, transaction_rank, total_order }: JsonObject,
): SourcePosition | null {
  const rank = wholeDecimal(transaction_rank);
  if (!isNumber(transaction_epoch) || !isNumber(total_order) || rank === null) return null;
  if (typeof keyspace !== "string" || typeof shard !== "string") return null;
  const order = [transaction_epoch, rank, total_order].map(padded).join(":");
  return `vitess:${keyspace}:${shard}|${order}`;
}

/** A number, or Connect's Decimal of scale 0, which is base64 in JSON. */
function wholeDecimal(raw: unknown): bigint | null {
  if (typeof raw !== "string") return isNumber(raw) ? BigInt(raw) : null;
  const hex = Buffer.from(raw, "base64").toString("hex");
  const rank = hex === "" || hex.length > 18 ? -1n : BigInt(`0x${hex}`);
  return isNumber(rank) ? rank : null;
}

/** `00000025:00000d98:00a2`: fixed widths, which compare as text. */
function isMssqlLsn(value: unknown): value is string {
  return typeof value === "string" && /^[\da-f]{8}:[\da-f]{8}:[\da-f]{4}$/i.test(value);
}

/** A whole number of 64 bits; JSON may also have -1, 0.5 or 1e300. */
function isNumber(value: unknown): value is number | bigint {
  const isWhole = typeof value === "bigint" || Number.isInteger(value);
  return isWhole && (value as number | bigint) >= 0 && (value as number | bigint) < 2 ** 64;
}

function padded(value: number | bigint | string): string {
  return String(value).padStart(WIDTH, "0");
}
