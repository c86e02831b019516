import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type CdcError, messageWithDetails } from "../../../../src/lib/errors.ts";
import {
  decoderOf,
  decodeValue,
  envelope,
  envelopeSchema,
  recordOf,
  rowEvent,
  withSchema,
} from "../../../support/debezium.ts";

const s = suite("decode: envelopes");

const ROW = { id: 1, email: "a@x" };

for (const [op, operation] of [
  ["c", "create"],
  ["u", "update"],
  ["r", "read"],
] as const) {
  s(`should read op ${op} as ${operation} with the row after it`, () => {
    const event = rowEvent(envelope({ op, after: ROW }));
    assert.is(event.operation, operation);
    assert.equal(event.row, ROW);
    assert.is(event.key, "[1]");
    assert.is(event.table, "public.users");
    assert.is(event.time, 1_700_000_000_000);
    assert.is(event.sourcePosition, "postgresql|00000000000000001000");
    assert.is(event.incremental, false);
  });
}

s("should read op d as a delete without a row", () => {
  const event = rowEvent(envelope({ op: "d", before: { id: 1, email: "" } }));
  assert.is(event.operation, "delete");
  assert.is(event.row, null);
});

s("should read op t as a truncate, which has no key", () => {
  const event = decoderOf().decode(recordOf({ key: null, value: envelope({ op: "t" }) }));
  assert.equal(event, {
    kind: "truncate",
    table: "public.users",
    time: 1_700_000_000_000,
    sourcePosition: "postgresql|00000000000000001000",
  });
});

s("should read the same with an embedded schema", () => {
  const schema = envelopeSchema([
    { type: "int64", field: "id" },
    { type: "string", field: "email" },
  ]);
  const value = envelope({ op: "u", after: ROW });
  assert.equal(rowEvent(withSchema(schema, value)).row, ROW);
});

s("should read a record without schema from a converter that embeds schemas", () => {
  const decoder = decoderOf();
  for (const email of ["first", "second"]) {
    const value = withSchema(null, envelope({ op: "u", after: { ...ROW, email } }));
    const event = decoder.decode(recordOf({ value, key: withSchema(null, { id: 1 }) }));
    assert.equal(event.kind === "row" && [event.key, event.row?.email], ["[1]", email]);
  }
});

s("should use a new schema from the record that introduces it", () => {
  const decoder = decoderOf();
  const read = (columns: readonly object[], after: object) =>
    decoder.decode(
      recordOf({ value: withSchema(envelopeSchema(columns), envelope({ op: "u", after })) }),
    );
  const day = { type: "int32", name: "io.debezium.time.Date", field: "d" };
  const rows = [
    read([{ type: "int32", field: "d" }], { d: 1 }),
    read([day], { d: 1 }),
    read([day], { d: 2 }),
    read([{ type: "int32", field: "d" }], { d: 1 }),
  ];
  assert.equal(
    rows.map((event) => event.kind === "row" && event.row?.d),
    [1, "1970-01-02", "1970-01-03", 1],
  );
});

s("should not mistake braces and names in a row for the end of the schema", () => {
  const schema = envelopeSchema([{ type: "string", field: '{"payload":', doc: "}}{" }]);
  const row = { '{"payload":': '"payload":{}}' };
  const decoder = decoderOf();
  for (const note of ["first", "second"]) {
    const value = withSchema(schema, envelope({ op: "u", after: { ...row, note } }));
    const event = decoder.decode(recordOf({ value }));
    assert.equal(event.kind === "row" && event.row, { ...row, note });
  }
});

s("should read the columns' defaults from the schema, converted", () => {
  const schema = envelopeSchema([
    { type: "string", field: "plan", default: "free" },
    { type: "int32", name: "io.debezium.time.Date", field: "since", default: 1 },
    { type: "string", field: "email" },
  ]);
  const event = rowEvent(withSchema(schema, envelope({ op: "u", after: { plan: "pro" } })));
  assert.equal(event.defaults, { plan: "free", since: "1970-01-02" });
  assert.is(rowEvent(envelope({ op: "u", after: ROW })).defaults, null);
});

type BeforeCase = readonly [connector: string, complete: boolean | undefined, taken: boolean];

const BEFORE: readonly BeforeCase[] = [
  ["postgresql", undefined, false],
  ["postgresql", true, true],
  ["mysql", undefined, true],
  ["mysql", false, false],
  ["mariadb", undefined, true],
  ["sqlserver", undefined, true],
  ["oracle", undefined, true],
  ["mongodb", undefined, true],
  ["vitess", undefined, false],
];

for (const [connector, beforeIsComplete, taken] of BEFORE) {
  const said = beforeIsComplete === undefined ? "" : `, declared complete: ${beforeIsComplete}`;
  s(`should ${taken ? "use" : "ignore"} the before of ${connector}${said}`, () => {
    const value = envelope({ op: "d", before: ROW, source: { connector } });
    assert.equal(rowEvent(value, { beforeIsComplete }).before, taken ? ROW : null);
  });
}

s("should name the table by schema or database, also a collection", () => {
  const named = (source: object) =>
    rowEvent(envelope({ op: "c", after: ROW, source: { ...source } }));
  assert.is(named({ schema: undefined }).table, "shop.users");
  assert.is(
    named({ schema: undefined, table: undefined, collection: "people" }).table,
    "shop.people",
  );
});

s("should use the commit time, else the connector's, else the record's", () => {
  const time = (ts_ms: unknown, own: number) =>
    rowEvent(envelope({ op: "c", after: ROW, source: { ts_ms }, ts_ms: own })).time;
  assert.is(time(5, 6), 5);
  assert.is(time(0, 6), 6);
  assert.is(time(null, 6), 6);
  assert.is(time(null, 0), 1_700_000_001_000);
});

s("should have no source position for an incremental snapshot record", () => {
  const event = rowEvent(envelope({ op: "r", after: ROW, source: { snapshot: "incremental" } }));
  assert.is(event.incremental, true);
  assert.is(event.sourcePosition, null);
});

s("should read MongoDB's documents, which are JSON text", () => {
  const source = { connector: "mongodb", collection: "users", ts_ms: 7000, ord: 3 };
  const event = rowEvent(envelope({ op: "c", after: '{"_id":1,"n":9007199254740993}', source }));
  assert.equal(event.row, { _id: 1, n: 9007199254740993n });
  assert.is(event.sourcePosition, "mongodb|00000000000000007000:00000000000000000003");
});

const REJECTED: readonly (readonly [
  title: string,
  value: unknown,
  code: string,
  reason: RegExp,
])[] = [
  ["text that is not JSON", "{oops", "INVALID_JSON", /cannot be read as JSON.*\{oops/],
  ["an empty value", Buffer.alloc(0), "INVALID_JSON", /cannot be read as JSON/],
  ["bytes that are not UTF-8", Buffer.from([0x7b, 0xff]), "INVALID_JSON", /cannot be read as JSON/],
  ["Avro", Buffer.from([0, 0, 0, 0, 7, 2, 65]), "UNKNOWN_SCHEMA", /kafka\.schemaRegistry/],
  [
    "a schema block that ends early",
    '{"schema":{"type":"struct"',
    "INVALID_JSON",
    /cannot be read as JSON/,
  ],
  ["a number", "5", "UNKNOWN_SHAPE", /neither an envelope nor a row \(5\)/],
  ["a list", "[1]", "UNKNOWN_SHAPE", /neither an envelope nor a row \(\[1\]\)/],
  ["an empty object", "{}", "UNKNOWN_SHAPE", /\{\}/],
  ["an unknown op", envelope({ op: "x", after: ROW }), "UNKNOWN_SHAPE", /"op":"x"/],
  ["an update without a row", envelope({ op: "u" }), "UNKNOWN_SHAPE", /"after":null/],
  ["a row that is a list", envelope({ op: "c", after: [1] }), "UNKNOWN_SHAPE", /"after":\[1\]/],
  ["a document that is not JSON", envelope({ op: "c", after: "{oops" }), "UNKNOWN_SHAPE", /oops/],
];

for (const [title, value, code, reason] of REJECTED) {
  s(`should reject ${title} and report what was found`, () => {
    assert.throws(
      () => decodeValue(value),
      (error: CdcError) =>
        error.code === code &&
        error.consequence === "dead-letter" &&
        reason.test(messageWithDetails(error)),
    );
  });
}

s("should decode the next record after a rejected one", () => {
  const decoder = decoderOf();
  assert.throws(() => decoder.decode(recordOf({ value: '{"schema":{' })));
  const event = decoder.decode(recordOf({ value: envelope({ op: "c", after: ROW }) }));
  assert.equal(event.kind === "row" && event.row, ROW);
});

s.run();
