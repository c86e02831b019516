import { suite } from "uvu";
import * as assert from "uvu/assert";
import { decoderOf, decodeValue, envelope, recordOf } from "../../../support/debezium.ts";

const s = suite("decode: records that are not rows");

// Recorded from Debezium, shortened.
const NON_ROWS: readonly (readonly [what: string, value: object])[] = [
  ["heartbeat", { ts_ms: 1_700_000_000_000 }],
  [
    "heartbeat",
    { ts_ms: 1_700_000_000_000, ts_us: 1_700_000_000_000_000, ts_ns: 1_700_000_000_000_000_000 },
  ],
  [
    "transaction",
    { status: "BEGIN", id: "571:53195829", event_count: null, data_collections: null, ts_ms: 1 },
  ],
  [
    "transaction",
    {
      status: "END",
      id: "571:53195832",
      event_count: 2,
      data_collections: [{ data_collection: "s1.a", event_count: 2 }],
      ts_ms: 1,
    },
  ],
  [
    "schema change",
    {
      source: { version: "3.5.0.Final", connector: "mariadb", table: "log" },
      ts_ms: 1_795_481_209_187,
      databaseName: "audit",
      schemaName: null,
      ddl: "DROP TABLE IF EXISTS `audit`.`log`",
      tableChanges: [],
    },
  ],
  [
    "logical message",
    {
      op: "m",
      ts_ms: 1,
      source: { version: "3.5.0.Final", connector: "postgresql", lsn: 7, table: "" },
      message: { transactional: true, prefix: "foo", content: "YmFy" },
    },
  ],
  [
    "notification",
    {
      id: "5563ae14-49f8-4579-9641-c1bbc2d76f99",
      aggregate_type: "Initial Snapshot",
      type: "COMPLETED",
      additional_data: { connector_name: "myConnector" },
      timestamp: 1_695_817_046_353,
    },
  ],
];

for (const [what, value] of NON_ROWS) {
  s(`should recognise a ${what} (${Object.keys(value).join(", ")})`, () => {
    assert.equal(decodeValue(value), { kind: "non-row", what });
  });
  s(`should recognise a ${what} under a schema and without a key (${Object.keys(value)})`, () => {
    const schema = { type: "struct", fields: [] };
    const event = decoderOf().decode(recordOf({ key: null, value: { schema, payload: value } }));
    assert.equal(event, { kind: "non-row", what });
  });
}

for (const type of ["execute-snapshot", "snapshot-window-open", "snapshot-window-close"]) {
  const row = { id: "ad-hoc", type, data: '{"data-collections":["public.users"]}' };
  s(`should recognise a signal to ${type}, in the table and in the topic`, () => {
    const signal = { kind: "non-row", what: "signal" };
    assert.equal(decodeValue(envelope({ op: "c", after: row })), signal);
    assert.equal(decodeValue({ type, data: { type: "INCREMENTAL" } }), signal);
  });
}

const ROWS: readonly (readonly [title: string, row: object])[] = [
  ["a column named ts_ms", { id: 1, ts_ms: 1 }],
  ["a column named status that is BEGIN", { id: 1, status: "BEGIN" }],
  ["columns named ddl and databaseName", { ddl: "x", databaseName: "y" }],
  ["columns named op and message", { op: "m", message: "hello" }],
  ["the columns of a signal", { id: 1, type: "log", data: "{}" }],
  ["the columns of a signal and another's id", { id: 1, type: "schema-changes", data: "{}" }],
  ["the columns of a signal and another's data", { id: "a", type: "schema-changes", data: "x" }],
  [
    "columns of a transaction and one more",
    { id: "1", status: "END", event_count: 5, data_collections: null, name: "x" },
  ],
  ["some columns of a transaction", { id: "1", status: "END", event_count: 5 }],
  [
    "columns of a schema change and one more",
    { id: 1, source: { a: 1 }, ddl: "x", databaseName: "y" },
  ],
  ["columns of a logical message and one more", { id: 1, op: "m", source: {}, message: { a: 1 } }],
  [
    "the columns of a notification",
    { id: 1, aggregate_type: "x", type: "y", additional_data: null },
  ],
  [
    "the type of a signal and one column more",
    { id: 1, type: "stop-snapshot", data: "", extra: 2 },
  ],
];

for (const [title, row] of ROWS) {
  s(`should process as a row: ${title}`, () => {
    const flattened = decodeValue(row);
    assert.equal(flattened.kind === "row" && flattened.row, row);
    const enveloped = decodeValue(envelope({ op: "c", after: row }));
    assert.equal(enveloped.kind === "row" && enveloped.row, row);
  });
}

s.run();
