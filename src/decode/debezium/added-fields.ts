/**
 * Whether Debezium's ExtractNewRecordState has added the field to a row or its headers: fields of the envelope, the
 * source block and the transaction block, `lsn` as `__lsn` or `__source_lsn`. Other names that begin with `__` are
 * columns: `__v`, `__typename`, and `__id`, since the transaction's id is usually added as `__transaction_id`.
 */
export function isAdded(name: string): boolean {
  if (!name.startsWith("__")) return false;
  const field = name.slice(2);
  return ADDED.has(field) || field.startsWith("source_") || field.startsWith("transaction_");
}

/** Whether an added field is the envelope's and not the source block's: the envelope's `ts_ms` is when Debezium processed the change. */
export function ofEnvelope(field: string): boolean {
  return ENVELOPE.has(field);
}

const ENVELOPE: ReadonlySet<string> = new Set(["op", "ts_ms", "ts_us", "ts_ns", "deleted"]);

const ADDED: ReadonlySet<string> = new Set([
  ...ENVELOPE,
  // The source block of every connector.
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
  // The transaction block.
  ...["total_order", "data_collection_order"],
]);
