import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Headers } from "../../../../src/data/record.ts";
import { decoderOf, recordOf, TOPIC } from "../../../support/debezium.ts";

const s = suite("decode: flattened records");

function read(value: unknown, headers: Headers = {}) {
  return decoderOf().decode(recordOf({ value, headers }));
}

const DELETES: readonly (readonly [title: string, value: unknown, headers: Headers])[] = [
  ["__deleted: true", { id: 1, email: "", __deleted: true }, {}],
  ['__deleted: "true", the text that rewrite writes', { id: 1, email: "", __deleted: "true" }, {}],
  ["__op: d", { id: 1, __op: "d" }, {}],
  ["the header __op", { id: 1 }, { __op: Buffer.from("d") }],
  ["the header __deleted", { id: 1 }, { __deleted: "true" }],
];

for (const [title, value, headers] of DELETES) {
  s(`should read as a delete a record with ${title}`, () => {
    const event = read(value, headers);
    assert.ok(event.kind === "row");
    assert.is(event.operation, "delete");
    assert.is(event.row, null);
    assert.is(event.key, "[1]");
  });
}

s("should read a record without a value as a tombstone", () => {
  assert.equal(read(null), {
    kind: "tombstone",
    key: "[1]",
    sourcePosition: null,
    time: null,
    keyChange: null,
  });
});

s("should read a tombstone's source position and commit time from its headers", () => {
  const headers = { __op: "d", __lsn: "24000000", __source_ts_ms: "1700000000000" };
  assert.equal(read(null, headers), {
    kind: "tombstone",
    key: "[1]",
    sourcePosition: "postgresql|00000000000024000000",
    time: 1_700_000_000_000,
    keyChange: null,
  });
});

s("should read the four bytes `null` of a schemaless delete as a tombstone", () => {
  assert.equal(read("null"), {
    kind: "tombstone",
    key: "[1]",
    sourcePosition: null,
    time: null,
    keyChange: null,
  });
});

s("should read a null payload under a schema as a tombstone", () => {
  const schema = { type: "struct", fields: [], optional: true };
  assert.equal(read({ schema, payload: null }), {
    kind: "tombstone",
    key: "[1]",
    sourcePosition: null,
    time: null,
    keyChange: null,
  });
});

s("should not process `false` as a delete", () => {
  for (const __deleted of [false, "false", null]) {
    const event = read({ id: 1, __deleted });
    assert.ok(event.kind === "row");
    assert.equal(event.row, { id: 1 });
  }
});

s("should have an unknown operation if the record has none", () => {
  const event = read({ id: 1, email: "a@x" });
  assert.ok(event.kind === "row");
  assert.is(event.operation, "unknown");
  assert.is(event.sourcePosition, null);
  assert.is(event.table, TOPIC);
  assert.is(event.time, 1_700_000_001_000);
  assert.is(event.before, null);
});

const ADDED: readonly (readonly [title: string, value: object, headers: Headers])[] = [
  [
    "fields",
    { id: 1, __op: "u", __table: "users", __lsn: 77, __source_ts_ms: 5000, __deleted: "false" },
    {},
  ],
  [
    "fields of the source block",
    { id: 1, __op: "u", __table: "users", __source_lsn: 77, __source_ts_ms: 5000 },
    {},
  ],
  [
    "headers",
    { id: 1 },
    { __op: Buffer.from("u"), __table: "users", __lsn: Buffer.from("77"), __source_ts_ms: "5000" },
  ],
];

for (const [title, value, headers] of ADDED) {
  s(`should read fields added as ${title}`, () => {
    const event = read(value, headers);
    assert.ok(event.kind === "row");
    assert.is(event.operation, "update");
    assert.is(event.sourcePosition, "postgresql|00000000000000000077");
    assert.is(event.table, "users");
    assert.is(event.time, 5000);
    assert.equal(event.row, { id: 1 });
  });
}

s("should recognise MySQL and SQL Server by the added fields", () => {
  const mysql = read({ id: 1, __file: "bin.000002", __pos: 9, __row: 1, __server_id: 4 });
  assert.is(mysql.kind === "row" && mysql.sourcePosition?.startsWith("mysql:4:bin|"), true);
  const sqlserver = read({
    id: 1,
    __commit_lsn: "00000025:00000d98:00a2",
    __change_lsn: "00000025:00000d98:0003",
    __event_serial_no: 1,
  });
  assert.is(sqlserver.kind === "row" && sqlserver.sourcePosition?.startsWith("sqlserver|"), true);
});

s("should have no source position for an incremental snapshot record", () => {
  const event = read({ id: 1, __op: "r", __lsn: 7, __source_snapshot: "incremental" });
  assert.ok(event.kind === "row");
  assert.is(event.incremental, true);
  assert.is(event.sourcePosition, null);
});

s("should process a row with columns named op and source as a row", () => {
  const row = { op: "c", source: { name: "web" }, id: 1 };
  const event = read(row);
  assert.ok(event.kind === "row");
  assert.equal(event.row, row);
});

for (const op of ["u", "update", 1]) {
  s(`should process a row with columns named op (${op}), before and after as a row`, () => {
    const row = { id: 1, op, before: "{}", after: '{"a":1}' };
    const event = read({ ...row, __op: "c" });
    assert.ok(event.kind === "row");
    assert.equal(event.row, row);
  });
}

s("should keep columns whose names begin like added fields", () => {
  const row = '"id":1,"__v":3,"__typename":"User","__id":"x","__proto__":{"a":1}';
  const event = read(`{${row},"__op":"c","__txId":5,"__source_name":"app","__transaction_id":"5"}`);
  assert.ok(event.kind === "row");
  assert.is(JSON.stringify(event.row), `{${row}}`);
  assert.is(event.operation, "create");
});

const TIMES: readonly (readonly [title: string, value: object, time: number, known: boolean])[] = [
  ["the source block's", { __source_ts_ms: 5000, __ts_ms: 6000 }, 5000, true],
  ["Debezium's", { __ts_ms: 6000 }, 6000, false],
  ["the record's", {}, 1_700_000_001_000, false],
];

for (const [title, added, time, isCommitTime] of TIMES) {
  s(`should ${isCommitTime ? "" : "not "}use as the commit time ${title} time`, () => {
    const event = read({ id: 1, __lsn: 7, ...added });
    assert.ok(event.kind === "row");
    assert.is(event.time, time);
    assert.is(event.isCommitTime, isCommitTime);
  });
}

s("should reject a record with only added fields", () => {
  assert.throws(
    () => read({ __op: "u", __lsn: 7 }),
    (error: { code: string }) => error.code === "UNKNOWN_SHAPE",
  );
});

s.run();
