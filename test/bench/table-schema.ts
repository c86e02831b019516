import type { ConnectSchema } from "../../src/decode/value/logical-types.ts";

/** A Connect schema with all that the converters write of it. */
export type TableSchema = Omit<ConnectSchema, "fields"> & {
  readonly fields?: readonly TableSchema[];
  readonly optional: boolean;
  readonly version?: number;
  readonly parameters?: { readonly [name: string]: string };
};

const TABLE = "bench.public.users";
const DECIMAL = "org.apache.kafka.connect.data.Decimal";
const SNAPSHOTS =
  "true,first,first_in_data_collection,last_in_data_collection,last,false,incremental";

/** The bench's table: a name and a type each, as `create table` would have them. */
const COLUMNS: readonly TableSchema[] = [
  field("id", "int32"),
  field("email", "string"),
  nullable("full_name", "string"),
  nullable("country", "string"),
  field("plan", "string", { default: "free" }),
  nullable("balance", "bytes", {
    ...logical(DECIMAL),
    parameters: { scale: "2", "connect.decimal.precision": "12" },
  }),
  field("email_verified", "boolean", { default: false }),
  field("login_count", "int32", { default: 0 }),
  field("created_at", "string", logical("io.debezium.time.ZonedTimestamp")),
  nullable("last_seen_at", "string", logical("io.debezium.time.ZonedTimestamp")),
  nullable("updated_at", "int64", logical("io.debezium.time.MicroTimestamp")),
];

/** The source block of Debezium's PostgreSQL connector 3.5. */
const SOURCE: readonly TableSchema[] = [
  field("version", "string"),
  field("connector", "string"),
  field("name", "string"),
  field("ts_ms", "int64"),
  nullable("snapshot", "string", {
    ...logical("io.debezium.data.Enum"),
    parameters: { allowed: SNAPSHOTS },
    default: "false",
  }),
  field("db", "string"),
  nullable("sequence", "string"),
  nullable("ts_us", "int64"),
  nullable("ts_ns", "int64"),
  field("schema", "string"),
  field("table", "string"),
  nullable("txId", "int64"),
  nullable("lsn", "int64"),
  nullable("xmin", "int64"),
  nullable("origin", "string"),
  nullable("origin_lsn", "int64"),
];

const TRANSACTION: readonly TableSchema[] = [
  field("id", "string"),
  field("total_order", "int64"),
  field("data_collection_order", "int64"),
];

const ROW = { fields: COLUMNS, name: `${TABLE}.Value` };

/** The schemas that Debezium 3.5 gives the table's records, fields and attributes in the converter's order. */
export const KEY_SCHEMA: TableSchema = {
  type: "struct",
  fields: [field("id", "int32")],
  optional: false,
  name: `${TABLE}.Key`,
};

export const VALUE_SCHEMA: TableSchema = {
  type: "struct",
  fields: [
    nullable("before", "struct", ROW),
    nullable("after", "struct", ROW),
    field("source", "struct", {
      fields: SOURCE,
      ...logical("io.debezium.connector.postgresql.Source"),
    }),
    nullable("transaction", "struct", { fields: TRANSACTION, ...logical("event.block") }),
    field("op", "string"),
    nullable("ts_ms", "int64"),
    nullable("ts_us", "int64"),
    nullable("ts_ns", "int64"),
  ],
  optional: false,
  name: `${TABLE}.Envelope`,
  version: 2,
};

type More = Omit<Partial<TableSchema>, "type" | "field" | "optional">;

function field(name: string, type: string, more: More = {}): TableSchema {
  return named(name, type, false, more);
}

function nullable(name: string, type: string, more: More = {}): TableSchema {
  return named(name, type, true, more);
}

function named(field: string, type: string, optional: boolean, more: More): TableSchema {
  const { fields, ...rest } = more;
  return { type, ...(fields && { fields }), optional, ...rest, field };
}

function logical(name: string): More {
  return { name, version: 1 };
}
