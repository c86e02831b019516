import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Real } from "../../../../src/data/row.ts";
import type { ColumnType } from "../../../../src/decode/value/column-types.ts";
import { type CdcError, messageWithDetails } from "../../../../src/lib/errors.ts";
import { envelope, envelopeSchema, rowEvent, withSchema } from "../../../support/debezium.ts";

const s = suite("decode: column types that the model declares");

/** Reads one column of a schemaless record; the raw value is JSON text. */
function read(type: ColumnType["type"], raw: string, more: Omit<ColumnType, "type"> = {}) {
  const value = JSON.stringify(envelope({ op: "c", after: { v: "RAW" } })).replace('"RAW"', raw);
  return rowEvent(value, { columns: new Map([["v", { type, ...more }]]) }).row?.v;
}

type Case = readonly [
  type: ColumnType["type"],
  raw: string,
  value: unknown,
  more?: Omit<ColumnType, "type">,
];

const READ: readonly Case[] = [
  ["boolean", "true", true],
  ["boolean", "0", false],
  ["boolean", "1", true],
  ["boolean", '"false"', false],
  ["int", "5", 5],
  ["int", "9007199254740993", 9007199254740993n],
  ["int", '"5"', 5],
  ["int", '"-9223372036854775808"', -9223372036854775808n],
  ["double", "5", new Real("5")],
  ["double", "0.1", 0.1],
  ["double", '"0.10"', 0.1],
  ["double", '"NaN"', "NaN"],
  ["string", '"a"', "a"],
  ["string", "5", "5"],
  ["string", "9007199254740993", "9007199254740993"],
  ["decimal", '"MDk="', 123.45, { scale: 2 }],
  ["decimal", '"123.45"', 123.45],
  ["decimal", '"123.45"', 123.45, { scale: 2 }],
  ["decimal", '"1E+3"', new Real("1000")],
  ["decimal", "123.45", 123.45],
  ["decimal", '{"scale":1,"value":"Bw=="}', 0.7],
  ["decimal", '"NaN"', "NaN"],
  ["decimal", '"NAN"', "NaN"],
  ["decimal", '"POSITIVE_INFINITY"', "Infinity"],
  ["decimal", '"NEGATIVE_INFINITY"', "-Infinity"],
  ["decimal", '"Infinity"', "Infinity", { scale: 2 }],
  ["json", '"{\\"a\\":[1]}"', { a: [1] }],
  ["json", '{"a":1}', { a: 1 }],
  ["bytes", '"AQI="', "AQI="],
  ["date", "19000", "2022-01-08"],
  ["date", '"2022-01-08Z"', "2022-01-08"],
  ["time", "45296000001", "12:34:56.000001"],
  ["time", "45296000", "12:34:56", { unit: "ms" }],
  ["time", '"12:34:56Z"', "12:34:56"],
  ["timestamp", '"2022-01-08 02:00:00+02"', "2022-01-08T00:00:00.000Z"],
  ["timestamp", "1641600000", "2022-01-08T00:00:00.000Z"],
  ["timestamp", "1641600000123", "2022-01-08T00:00:00.123Z"],
  ["timestamp", "1641600000123456", "2022-01-08T00:00:00.123456Z"],
  ["timestamp", "1641600000123456789", "2022-01-08T00:00:00.123456789Z"],
  ["timestamp", "1641600000", "1970-01-20T00:00:00.000Z", { unit: "ms" }],
  ["timestamp", "86400000000", "1970-01-02T00:00:00.000Z", { unit: "us" }],
  ["timestamp", "9223372036825200000", "infinity", { unit: "us" }],
  ["timestamp", '"infinity"', "infinity"],
];

for (const [type, raw, value, more] of READ) {
  const said = more ? ` with ${JSON.stringify(more)}` : "";
  s(`should read ${raw} as ${type}${said}`, () => assert.equal(read(type, raw, more), value));
}

const REJECTED: readonly (readonly [type: ColumnType["type"], raw: string, reason: RegExp])[] = [
  ["boolean", '"yes"', /not a boolean \("yes"\)/],
  ["boolean", "2", /not a boolean \(2\)/],
  ["int", "1.5", /not an integer \(1.5\)/],
  ["int", '"1e3"', /not an integer \("1e3"\)/],
  ["double", "[1]", /not a number \(\[1\]\)/],
  ["decimal", '"MDk="', /without its scale; declare the column as \{type: decimal, scale: N\}/],
  ["decimal", '"1,5"', /not a decimal \("1,5"\)/],
  ["decimal", "[1]", /not a decimal \(\[1\]\)/],
  ["json", '"{oops"', /JSON/],
  ["bytes", "5", /not bytes in base64 \(5\)/],
  ["date", "[1]", /not a date \(\[1\]\)/],
  ["time", "[1]", /not a time \(\[1\]\)/],
  ["timestamp", "[1]", /not a timestamp \(\[1\]\)/],
];

for (const [type, raw, reason] of REJECTED) {
  s(`should reject ${raw} as ${type} and name the column`, () => {
    assert.throws(
      () => read(type, raw),
      (error: CdcError) =>
        error.code === "UNREADABLE_VALUE" &&
        error.message.startsWith('column "v" cannot be read: ') &&
        reason.test(messageWithDetails(error)),
    );
  });
}

s("should prefer a declared type to the record's schema", () => {
  const schema = envelopeSchema([{ type: "int32", name: "io.debezium.time.Date", field: "v" }]);
  const value = withSchema(schema, envelope({ op: "c", after: { v: 19000 } }));
  const columns = new Map([["v", { type: "int" as const }]]);
  assert.is(rowEvent(value, { columns }).row?.v, 19000);
});

s("should distinguish 5.0 and 5 only in columns that expressions read", () => {
  const value = '{"mrr":5.0,"seats":5.0,"n":5,"e":1e3,"__op":"c"}';
  const row = rowEvent(value, { expressionColumns: ["mrr", "n", "e"] }).row;
  assert.equal(row, { mrr: new Real("5"), seats: 5, n: 5, e: new Real("1000") });
});

s("should leave columns without a declared type unchanged", () => {
  const row = { a: "AQI=", b: 19000, c: [1, "x"], d: { e: null } };
  assert.equal(rowEvent(envelope({ op: "c", after: row })).row, row);
});

s.run();
