import protobuf from "protobufjs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Real, type Row } from "../../../../src/data/row.ts";
import { rowWith } from "../../../support/bad-schemas.ts";

const s = suite("decode: Protobuf of Connect's converter");

const IMPORTS = [
  "confluent/meta.proto",
  "confluent/type/decimal.proto",
  "google/protobuf/timestamp.proto",
  "google/protobuf/wrappers.proto",
  "google/type/date.proto",
  "google/type/timeofday.proto",
].map((file) => `import "${file}";`);

const source = (body: string) => `syntax = "proto3"; package shop; ${IMPORTS.join("\n")} ${body}`;

async function rowOf(body: string, bytes: Iterable<number>): Promise<Row | null> {
  return rowWith({ schema: source(body), schemaType: "PROTOBUF" }, [0, ...bytes]);
}

/** Bytes of a schema without imports; the first message is the row's. */
function encode(schema: string, row: object): Uint8Array {
  const { root } = protobuf.parse(`syntax = "proto3"; ${schema}`, { keepCase: true });
  const type = root.lookupType("Row");
  return type.encode(type.fromObject(row)).finish();
}

s("should read Connect's and Google's types from bytes of Google's writer", async () => {
  const bytes = Buffer.from(
    "08818080808080801012130a0d018ee90ff6c373e0ee4e3f0ad2101e18041a070a01fb10011802220708c40f1002181d2a090807101e2080e59a77320b08a5facdac0610959aef3a3a1108ffffffffffffffffff011080cab5ee0142004a0058f9ffffffffffffffff01",
    "hex",
  );
  const row = await rowOf(
    `message Value {
      int64 order_id = 1;
      confluent.type.Decimal net_price = 2 [(confluent.field_meta) = {
        params: [
          { value: "30", key: "precision" },
          { value: "4", key: "scale" }
        ]
      }];
      .confluent.type.Decimal owed = 3;
      google.type.Date due_on = 4;
      google.type.TimeOfDay opens_at = 5;
      google.protobuf.Timestamp seen_at = 6;
      google.protobuf.Timestamp before_epoch = 7;
      google.protobuf.Int64Value units = 8;
      google.protobuf.StringValue note = 9;
      google.protobuf.Int32Value none = 10;
      int32 rank = 11 [(confluent.field_meta) = { params: [{ key: "connect.type", value: "int16" }] }];
    }`,
    bytes,
  );
  assert.equal(row, {
    order_id: 9_007_199_254_740_993n,
    net_price: new Real("12345678901234567890123456.789"),
    owed: -0.05,
    due_on: "1988-02-29",
    opens_at: "07:30:00.25",
    seen_at: "2024-01-02T03:04:05.123456789Z",
    before_epoch: "1969-12-31T23:59:59.500Z",
    units: 0,
    note: "",
    none: null,
    rank: -7,
  });
});

s(
  "should read an unset field as null if the schema allows it, else as its type's default",
  async () => {
    const row = await rowOf(
      `message Row {
      int64 id = 1;
      optional int32 a = 2; optional string b = 3; optional bytes c = 4;
      confluent.type.Decimal d = 5; optional google.type.Date e = 6; google.protobuf.BoolValue f = 7;
      oneof either { string g = 8; int64 h = 9; }
      string i = 10; int64 j = 11; Mood k = 12; repeated string l = 13; optional Mood m = 14;
      enum Mood { CALM = 0; CROSS = 1; }
    }`,
      [8, 1],
    );
    assert.equal(row, {
      ...{ id: 1, a: null, b: null, c: null, d: null, e: null, f: null, g: null, h: null },
      ...{ i: "", j: 0, k: "CALM", l: [], m: null },
    });
  },
);

s("should read an unset proto2 field as null", async () => {
  const schema = `syntax = "proto2"; message Row {
    required int64 id = 1; optional string name = 2; optional google.protobuf.Timestamp due = 3;
  }`;
  const row = await rowWith({ schema, schemaType: "PROTOBUF" }, [0, 8, 1, 26, 0]);
  assert.equal(row, { id: 1, name: null, due: "1970-01-01T00:00:00.000Z" });
});

s("should read a column's type from its params among Confluent's other options", async () => {
  const bytes = encode("message Row { int64 id = 1; int64 due = 2; bytes b = 3; string j = 4; }", {
    ...{ id: 1, due: "1704164645123456", b: Buffer.from([1, 0xf4]), j: '{"a":[1]}' },
  });
  const row = await rowOf(
    `option (confluent.file_meta) = { doc: "a } in a text", tags: ["A"] };
    message Row {
      option (confluent.message_meta) = { doc: "the row", params: [{ key: "k", value: "v" }] };
      int64 id = 1 [(confluent.field_meta).doc = "what it's for", deprecated = true];
      int64 due = 2 [(confluent.field_meta) = { params: [
        { key: "connect.name", value: "io.debezium.time.MicroTimestamp" }
      ] }, deprecated = true]; // (confluent.field_meta) = {
      bytes b = 3 [(confluent.field_meta).params = [
        { key: "connect.name" value: "org.apache.kafka.connect.data.Decimal" }, /* } */
        { key: "scale" value: "2" }
      ]];
      string j = 4 [(confluent.field_meta) = {
        rules: [{ name: "r", expr: "this != \\"}\\"" }],
        params: [{ value: "io.debezium.data.Json", key: "connect.name" }]
      }];
    }`,
    bytes,
  );
  assert.equal(row, {
    ...{ id: 1, due: "2024-01-02T03:04:05.123456Z", b: new Real("5"), j: { a: [1] } },
  });
});

s("should read lists and maps of such values, maps in both forms", async () => {
  const schema = (decimal: string) => `message Row {
    int64 id = 1;
    repeated ${decimal} prices = 2;
    map<string, int64> counts = 3;
    repeated ByNameEntry by_name = 4;
    message ByNameEntry { string key = 1; ${decimal} value = 2; }
  }`;
  const price = (cents: number) => ({ value: Buffer.from([cents]), scale: 2 });
  const own = "message Decimal { bytes value = 1; uint32 precision = 2; int32 scale = 3; }";
  const bytes = encode(`${schema("Decimal")} ${own}`, {
    id: 1,
    prices: [price(125), price(0x83)],
    counts: { a: "9007199254740993" },
    by_name: [{ key: "x", value: price(1) }],
  });
  assert.equal(await rowOf(schema("confluent.type.Decimal"), bytes), {
    id: 1,
    prices: [1.25, -1.25],
    counts: { a: 9_007_199_254_740_993n },
    by_name: { x: 0.01 },
  });
});

s("should read Oracle's NUMBER, a struct of Debezium's", async () => {
  const schema = `message Row { int64 id = 1; VariableScaleDecimal amount = 2;
    message VariableScaleDecimal { int32 scale = 1; bytes value = 2; } }`;
  const amount = { scale: 3, value: Buffer.from([4, 0xd2]) };
  assert.equal(await rowOf(schema, encode(schema, { id: 1, amount })), { id: 1, amount: 1.234 });
});

s("should read floats exactly, also NaN and infinities", async () => {
  const schema = "message Row { int64 id = 1; float a = 2; double b = 3; float c = 4; }";
  const bytes = encode(schema, { id: 1, a: 1.1, b: Number.NaN, c: Number.NEGATIVE_INFINITY });
  assert.equal(await rowOf(schema, bytes), { id: 1, a: 1.1, b: "NaN", c: "-Infinity" });
});

s("should reject a date that does not exist", async () => {
  const schema = "message Row { int64 id = 1; google.type.Date day = 2; }";
  const error = await rowOf(schema, [8, 1, 18, 7, 8, 231, 15, 16, 2, 24, 29]).then(
    () => assert.unreachable(),
    (error) => error,
  );
  assert.is(error.code, "UNREADABLE_VALUE");
  assert.is(error.details, '"2023-2-29"');
});

for (const [title, broken] of [
  ["an option without end", "(a.b) = {"],
  ["texts without end", '"'],
  ["comments without end", "/*"],
  ["options of options", "(a) = [{"],
] as const) {
  s(`should reject a source of ${title} within the time`, async () => {
    const schema = `syntax = "proto3"; message Row { int64 id = 1; } ${broken.repeat(50_000)}`;
    const error = await rowWith({ schema, schemaType: "PROTOBUF" }, [0, 8, 1]).then(
      () => assert.unreachable(),
      (error) => error,
    );
    assert.is(error.code, "UNKNOWN_SCHEMA");
  });
}

s.run();
