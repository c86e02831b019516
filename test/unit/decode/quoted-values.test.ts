import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { ColumnType } from "../../../src/decode/value/column-types.ts";
import type { CdcError } from "../../../src/lib/errors.ts";
import { rowWith } from "../../support/bad-schemas.ts";
import { decodeValue, envelope } from "../../support/debezium.ts";

/** The text of an error is logged; a value of the record may only be in its details. */
const s = suite("decode: values in errors");

const SECRET = "ada@example.com";
const LONG = "ada@example.com ".repeat(20);
const QUOTED = /ada@|4242424242|E1Y=/;
/** A change as MongoDB's connector has it, with the document as text. */
const documented = (after: string) => envelope({ op: "c", after });

/** A value that cannot be decoded, with the type that its column `x` is declared as. */
const UNREADABLE: readonly (readonly [title: string, value: unknown, type?: ColumnType["type"]])[] =
  [
    ["bytes that are not JSON", `{${SECRET}`],
    ["a string", JSON.stringify(SECRET)],
    ["a list", [SECRET]],
    ["a number", 4242424242],
    ["a long list", [LONG]],
    ["a broken envelope", { op: "c", before: null, after: { email: SECRET } }],
    ["an unknown operation", { op: SECRET, after: { email: LONG }, source: { connector: "x" } }],
    ["a column that is not a boolean", { x: SECRET }, "boolean"],
    ["a column that is not a date", { x: { email: SECRET } }, "date"],
    ["a long column that is not a date", { x: { email: LONG } }, "date"],
    ["a number that is not a boolean", { x: 4242424242 }, "boolean"],
    ["a text with a quote", { x: `a"${SECRET}` }, "int"],
    ["a decimal without its scale", { x: "E1Y=" }, "decimal"],
    ["a JSON column that is not JSON", { x: SECRET }, "json"],
    ["a document that is not JSON", documented(SECRET)],
    ["a document that is cut off", documented(`{"email": "${SECRET}`)],
    ["a document's long", documented(JSON.stringify({ x: { $numberLong: `a"${SECRET}` } }))],
  ];

for (const [title, value, type] of UNREADABLE) {
  s(`should be only in the details: ${title}`, () => {
    const columns = new Map<string, ColumnType>(type ? [["x", { type }]] : []);
    const { message, details } = failure(() => decodeValue(value, { columns }));
    assert.match(details ?? "", QUOTED);
    assert.not.match(message, QUOTED);
    assert.ok(message.length > 10, message);
  });
}

s("should be only in the details: a key that is not JSON", () => {
  const decode = () => decodeValue(JSON.stringify({ x: 1 }), { key: ["id"] }, `{${SECRET}`);
  const { message, details } = failure(decode);
  assert.match(details ?? "", QUOTED);
  assert.match(message, /^the record key cannot be read: the bytes cannot be read as JSON/);
  assert.not.match(message, QUOTED);
});

s("should be only in the details: a Protobuf date that does not exist", async () => {
  const schema = `syntax = "proto3"; import "google/type/date.proto";
    message Row { int64 id = 1; google.type.Date birthday = 2; }`;
  const birthday = [8, 192, 15, 16, 2, 24, 31];
  const bytes = [0, 8, 1, 18, birthday.length, ...birthday];
  const error = await rowWith({ schema, schemaType: "PROTOBUF" }, bytes).catch((error) => error);
  assert.is(error.message, "the bytes do not fit schema 5: not a date");
  assert.match(error.details, /1984-2-31/);
});

s("should leave the advice in the text", () => {
  const columns = new Map<string, ColumnType>([["x", { type: "decimal" }]]);
  assert.is(
    failure(() => decodeValue({ x: "E1Y=" }, { columns })).message,
    'column "x" cannot be read: a decimal without its scale; declare the column as {type: decimal, scale: N}',
  );
});

s.run();

function failure(work: () => unknown): CdcError {
  try {
    work();
  } catch (error) {
    return error as CdcError;
  }
  throw new Error("it was decoded");
}
