import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Real } from "../../../../src/data/row.ts";
import { type CdcError, messageWithDetails } from "../../../../src/lib/errors.ts";
import { envelope, envelopeSchema, rowEvent, withSchema } from "../../../support/debezium.ts";

const s = suite("decode: logical types by the record's schema");

/** Reads one column; the raw value is JSON text, so that no digit is lost. */
function read(schema: object, raw: string) {
  const value = withSchema(
    envelopeSchema([{ ...schema, optional: true, field: "v" }]),
    envelope({ op: "c", after: { v: "RAW" } }),
  );
  return rowEvent(JSON.stringify(value).replace('"RAW"', raw)).row?.v;
}

type Case = readonly [name: string, type: string, raw: string, value: unknown];

// Debezium's documentation, "Temporal types", and Connect's own types. 19,000 days is 2022-01-08.
const TEMPORAL: readonly Case[] = [
  ["org.apache.kafka.connect.data.Date", "int32", "19000", "2022-01-08"],
  ["org.apache.kafka.connect.data.Time", "int32", "45296789", "12:34:56.789"],
  ["org.apache.kafka.connect.data.Timestamp", "int64", "1641600000123", "2022-01-08T00:00:00.123Z"],
  ["io.debezium.time.Date", "int32", "19000", "2022-01-08"],
  ["io.debezium.time.Date", "int32", "-1", "1969-12-31"],
  ["io.debezium.time.Date", "int32", "2147483647", "infinity"],
  ["io.debezium.time.Date", "int32", "-2147483648", "-infinity"],
  // PostgreSQL's infinity, then -infinity: in the stream and in a snapshot.
  ["io.debezium.time.Date", "int32", "-2147472692", "infinity"],
  ["io.debezium.time.Date", "int32", "-622191234", "infinity"],
  ["io.debezium.time.Date", "int32", "-2147472691", "-infinity"],
  ["io.debezium.time.Date", "int32", "-625821272", "-infinity"],
  ["io.debezium.time.IsoDate", "string", '"2022-01-08Z"', "2022-01-08"],
  ["io.debezium.time.IsoDate", "string", '"-5877611-06-21Z"', "infinity"],
  ["io.debezium.time.IsoDate", "string", '"+292278994-08-16Z"', "infinity"],
  ["io.debezium.time.IsoDate", "string", '"-5877611-06-22Z"', "-infinity"],
  ["io.debezium.time.IsoDate", "string", '"+292269055-12-02Z"', "-infinity"],
  ["io.debezium.time.Time", "int32", "45296000", "12:34:56"],
  ["io.debezium.time.MicroTime", "int64", "45296000001", "12:34:56.000001"],
  ["io.debezium.time.MicroTime", "int64", "0", "00:00:00"],
  ["io.debezium.time.MicroTime", "int64", "86400000000", "24:00:00"],
  ["io.debezium.time.MicroTime", "int64", "3020399000000", "838:59:59"],
  ["io.debezium.time.MicroTime", "int64", "-3020399000000", "-838:59:59"],
  ["io.debezium.time.MicroTime", "int64", "-1500000", "-00:00:01.5"],
  ["io.debezium.time.NanoTime", "int64", "45296000000001", "12:34:56.000000001"],
  ["io.debezium.time.IsoTime", "string", '"12:34:56Z"', "12:34:56"],
  ["io.debezium.time.ZonedTime", "string", '"12:34:56+02:00"', "12:34:56+02:00"],
  ["io.debezium.time.Timestamp", "int64", "1641600000000", "2022-01-08T00:00:00.000Z"],
  ["io.debezium.time.Timestamp", "int64", "-1", "1969-12-31T23:59:59.999Z"],
  ["io.debezium.time.Timestamp", "int64", "9223372036825200", "infinity"],
  ["io.debezium.time.Timestamp", "int64", "-9223372036832400", "-infinity"],
  ["io.debezium.time.MicroTimestamp", "int64", "1641600000123456", "2022-01-08T00:00:00.123456Z"],
  ["io.debezium.time.MicroTimestamp", "int64", "1641600000120000", "2022-01-08T00:00:00.120Z"],
  ["io.debezium.time.MicroTimestamp", "int64", "-1", "1969-12-31T23:59:59.999999Z"],
  ["io.debezium.time.MicroTimestamp", "int64", "9223372036825200000", "infinity"],
  ["io.debezium.time.MicroTimestamp", "int64", "-9223372036832400000", "-infinity"],
  [
    "io.debezium.time.NanoTimestamp",
    "int64",
    "1641600000123456789",
    "2022-01-08T00:00:00.123456789Z",
  ],
  ["io.debezium.time.IsoTimestamp", "string", '"2022-01-08T00:00:00Z"', "2022-01-08T00:00:00.000Z"],
  ["io.debezium.time.IsoTimestamp", "string", '"+294247-01-10T04:00:25.2Z"', "infinity"],
  ["io.debezium.time.IsoTimestamp", "string", '"-290308-12-21T19:59:27.6Z"', "-infinity"],
  [
    "io.debezium.time.ZonedTimestamp",
    "string",
    '"2022-01-08T02:00:00.123456+02:00"',
    "2022-01-08T00:00:00.123456Z",
  ],
  ["io.debezium.time.ZonedTimestamp", "string", '"infinity"', "infinity"],
  ["io.debezium.time.Year", "int32", "2024", 2024],
  ["io.debezium.time.MicroDuration", "int64", "86400000000", 86_400_000_000],
  ["io.debezium.time.Interval", "string", '"P1Y2M3DT4H5M6.7S"', "P1Y2M3DT4H5M6.7S"],
];

// Base64 of the unscaled integer, big-endian two's complement: 12345 is 0x3039, "MDk=".
const DECIMALS: readonly (readonly [scale: string, raw: string, value: unknown])[] = [
  ["2", '"MDk="', 123.45],
  ["2", '"z8c="', -123.45],
  ["0", '"AA=="', new Real("0")],
  ["2", '"AMg="', new Real("2")],
  ["-2", '"Bw=="', new Real("700")],
  ["10", '"AQ=="', new Real("0.0000000001")],
  ["4", '"ALOhxI1VnmKmUg=="', new Real("331362378632842042.7346")],
  // decimal.handling.mode or the converter's decimal.format may write numbers and text instead.
  ["2", "123.45", 123.45],
  ["2", "123", new Real("123")],
  ["2", '"123.45"', 123.45],
  ["2", '"-0.10"', -0.1],
];

const DATA: readonly Case[] = [
  ["io.debezium.data.Json", "string", '"{\\"b\\":1,\\"a\\":[1,null]}"', { a: [1, null], b: 1 }],
  ["io.debezium.data.Json", "string", '"9007199254740993"', 9007199254740993n],
  ["io.debezium.data.Json", "string", '"null"', null],
  [
    "io.debezium.data.Uuid",
    "string",
    '"0e9a1c3e-1f1f-4b3e-8f2a-000000000001"',
    "0e9a1c3e-1f1f-4b3e-8f2a-000000000001",
  ],
  ["io.debezium.data.Enum", "string", '"pro"', "pro"],
  ["io.debezium.data.EnumSet", "string", '"a,b"', "a,b"],
  ["io.debezium.data.Bits", "bytes", '"AQI="', "AQI="],
  ["io.debezium.data.Xml", "string", '"<a/>"', "<a/>"],
  ["io.debezium.data.Ltree", "string", '"a.b"', "a.b"],
  ["io.debezium.data.VariableScaleDecimal", "struct", '{"scale":2,"value":"MDk="}', 123.45],
  [
    "io.debezium.data.geometry.Point",
    "struct",
    '{"x":1.5,"y":2,"wkb":"AQ==","srid":null}',
    { x: 1.5, y: 2, wkb: "AQ==", srid: null },
  ],
];

const PLAIN: readonly (readonly [schema: object, raw: string, value: unknown])[] = [
  [{ type: "int64" }, "9007199254740993", 9007199254740993n],
  [{ type: "int32" }, "5", 5],
  [{ type: "boolean" }, "true", true],
  [{ type: "string" }, '"5"', "5"],
  [{ type: "bytes" }, '"AQI="', "AQI="],
  [{ type: "double" }, "5.0", new Real("5")],
  [{ type: "double" }, "0.1", 0.1],
  [{ type: "float" }, "1e21", new Real("1000000000000000000000")],
  [{ type: "double" }, '"NaN"', "NaN"],
  [{ type: "double" }, '"-Infinity"', "-Infinity"],
  [{ type: "double" }, "null", null],
  [{ type: "array", items: { type: "string" } }, '["a",null]', ["a", null]],
  [
    { type: "array", items: { type: "int32", name: "io.debezium.time.Date" } },
    "[19000,null]",
    ["2022-01-08", null],
  ],
  [
    { type: "map", values: { type: "double" } },
    '{"a":1.0,"b":null}',
    { a: new Real("1"), b: null },
  ],
  [
    {
      type: "struct",
      fields: [{ field: "due", type: "int64", name: "io.debezium.time.Timestamp" }],
    },
    '{"due":0,"n":1}',
    { due: "1970-01-01T00:00:00.000Z", n: 1 },
  ],
];

for (const [name, type, raw, value] of [...TEMPORAL, ...DATA]) {
  s(`should read ${name} ${raw}`, () => assert.equal(read({ type, name }, raw), value));
  s(`should read NULL of ${name} before ${raw}`, () =>
    assert.is(read({ type, name }, "null"), null),
  );
}

for (const [scale, raw, value] of DECIMALS) {
  s(`should read the decimal ${raw} of scale ${scale}`, () => {
    const name = "org.apache.kafka.connect.data.Decimal";
    assert.equal(read({ type: "bytes", name, parameters: { scale } }, raw), value);
  });
}

for (const [schema, raw, value] of PLAIN) {
  s(`should read ${JSON.stringify(schema)} ${raw}`, () => assert.equal(read(schema, raw), value));
}

const UNREADABLE: readonly Case[] = [
  ["io.debezium.time.MicroTimestamp", "int64", "1.5", /column "v"/],
  ["io.debezium.time.Date", "int32", "{}", /column "v".*not a date/],
  ["io.debezium.data.Json", "string", '"{oops"', /column "v"/],
  ["org.apache.kafka.connect.data.Decimal", "bytes", '"1,5"', /column "v".*1,5/],
];

for (const [name, type, raw, reason] of UNREADABLE) {
  s(`should reject ${name} ${raw} and name the column`, () => {
    assert.throws(
      () => read({ type, name }, raw),
      (error: CdcError) =>
        error.code === "UNREADABLE_VALUE" && (reason as RegExp).test(messageWithDetails(error)),
    );
  });
}

s.run();
