import { suite } from "uvu";
import * as assert from "uvu/assert";
import { redact, redactRow } from "../../../src/data/redact.ts";
import type { ColumnType } from "../../../src/decode/value/column-types.ts";
import { messageOf } from "../../../src/lib/errors.ts";
import { rowWith } from "../../support/bad-schemas.ts";
import { decodeValue, envelope } from "../../support/debezium.ts";

/** Values stand in records, and what is said of a record that cannot be read must not repeat them. */
const s = suite("reasons without the values that they quote");

const SECRET = "ada@example.com";
const LONG = "ada@example.com ".repeat(20);
/** A change as MongoDB's connector has it, with the document as text. */
const documented = (after: string) => envelope({ op: "c", after });

/** A value or bytes that cannot be taken, with the type that its column `x` is declared as. */
const UNREADABLE: readonly (readonly [title: string, value: unknown, type?: ColumnType["type"]])[] =
  [
    ["bytes that are no JSON", `{${SECRET}`],
    ["a text", JSON.stringify(SECRET)],
    ["a list", [SECRET]],
    ["a number", 4242424242],
    ["a long list", [LONG]],
    ["a broken envelope", { op: "c", before: null, after: { email: SECRET } }],
    ["an unknown operation", { op: SECRET, after: { email: LONG }, source: { connector: "x" } }],
    ["a column that is no boolean", { x: SECRET }, "boolean"],
    ["a column that is no date", { x: { email: SECRET } }, "date"],
    ["a long column that is no date", { x: { email: LONG } }, "date"],
    ["a number that is no boolean", { x: 4242424242 }, "boolean"],
    ["a text with a quote", { x: `a"${SECRET}` }, "int"],
    ["a decimal without its scale", { x: "E1Y=" }, "decimal"],
    ["a JSON column that is no JSON", { x: SECRET }, "json"],
    ["a document that is no JSON", documented(SECRET)],
    ["a document that is cut off", documented(`{"email": "${SECRET}`)],
    ["a document's long", documented(JSON.stringify({ x: { $numberLong: `a"${SECRET}` } }))],
  ];

for (const [title, value, type] of UNREADABLE) {
  s(`should hide ${title}`, () => {
    const columns = new Map<string, ColumnType>(type ? [["x", { type }]] : []);
    let reason = "";
    try {
      decodeValue(value, { columns });
    } catch (error) {
      reason = messageOf(error);
    }
    const quoted = /ada@|4242424242|E1Y=/;
    assert.match(reason, quoted, "it is said");
    assert.not.match(redact(reason), quoted);
    assert.match(redact(reason), "(hidden)");
  });
}

s("should hide a date of Protobuf's that there is not", async () => {
  const schema = `syntax = "proto3"; import "google/type/date.proto";
    message Row { int64 id = 1; google.type.Date birthday = 2; }`;
  const birthday = [8, 192, 15, 16, 2, 24, 31];
  const bytes = [0, 8, 1, 18, birthday.length, ...birthday];
  const refusal = await rowWith({ schema, schemaType: "PROTOBUF" }, bytes).catch((error) => error);
  assert.match(messageOf(refusal), /1984-2-31/, "it is said");
  assert.is(redact(messageOf(refusal)), "the bytes do not fit their schema 5: (hidden) is no date");
});

s("should keep what a person needs", () => {
  const kept = (reason: string) => assert.is(redact(reason), reason);
  kept("the record was written with schema 999999, which was not asked for");
  kept("the record has no key, so its row cannot be followed");
  assert.is(
    redact(
      'column "x": "E1Y=" is a decimal without its scale; give the column {type: decimal, scale: N}',
    ),
    'column "x": (hidden) is a decimal without its scale; give the column {type: decimal, scale: N}',
  );
});

s("should hide the values of a row in what is said of it, and keep its columns' names", () => {
  const row = { email: SECRET, age: 36_000, prefs: { city: "London" }, plan: "pro" };
  const reason = `column "email" holds "${SECRET}", 36000 in London, which is no date`;
  assert.is(
    redactRow(reason, row),
    'column "email" holds "(hidden)", (hidden) in (hidden), which is no date',
  );
});

s.run();
