/**
 * The fields that Debezium's ExtractNewRecordState can add to a row, or to its headers: those of the envelope, of the
 * source block and of the transaction block, `lsn` as `__lsn` or `__source_lsn`. Other names that begin with `__` are
 * columns: `__v`, `__typename`. So is `__id`: the transaction's is `__transaction_id`, unless it is asked for as `id`.
 */
export function isAdded(name: string): boolean {
  if (!name.startsWith("__")) return false;
  const field = name.slice(2);
  return ADDED.has(field) || field.startsWith("source_") || field.startsWith("transaction_");
}

/** Those of the envelope are no part of the source block: its `ts_ms` is when Debezium had the change. */
export function ofEnvelope(field: string): boolean {
  return ENVELOPE.has(field);
}

const ENVELOPE: ReadonlySet<string> = new Set(["op", "ts_ms", "ts_us", "ts_ns", "deleted"]);

const ADDED: ReadonlySet<string> = new Set([
  ...ENVELOPE,
  // Of every connector's source block.
  ...["version", "connector", "name", "snapshot", "sequence", "db", "schema", "table"],
  // PostgreSQL
  ...["txId", "lsn", "xmin", "origin", "origin_lsn"],
  // MySQL, MariaDB
  ...["server_id", "gtid", "file", "pos", "row", "thread", "query"],
  // SQL Server, Db2, Informix
  ...["change_lsn", "commit_lsn", "begin_lsn", "event_serial_no"],
  // Oracle
  ...["scn", "commit_scn", "start_scn", "lcr_position", "rs_id", "ssn", "redo_thread", "row_id"],
  ...["user_name", "redo_sql", "txSeq", "start_ts_ms", "commit_ts_ms"],
  // MongoDB
  ...["rs", "collection", "ord", "h", "tord", "stxnid", "lsid", "txnNumber", "wallTime"],
  // Vitess, Cassandra
  ...["keyspace", "shard", "vgtid", "cluster"],
  // Of the transaction block.
  ...["total_order", "data_collection_order"],
]);
