import { suite } from "uvu";
import * as assert from "uvu/assert";
import { real, type Value } from "../../../src/data/row.ts";
import { segmentValue } from "../../../src/map/segment-value.ts";

const s = suite("map: values as Segment gets them");

const VALUES: readonly (readonly [title: string, value: Value, json: string])[] = [
  ["text", "a", '"a"'],
  ["NULL, which unsets a trait", null, "null"],
  ["a boolean", false, "false"],
  ["an integer", 5, "5"],
  ["the last safe integer", 9007199254740991, "9007199254740991"],
  ["an integer beyond 2^53 as text", 9007199254740993n, '"9007199254740993"'],
  ["the least bigint as text", -9223372036854775808n, '"-9223372036854775808"'],
  ["a double", 0.1, "0.1"],
  ["a whole double as a number", real("4.0"), "4"],
  ["a negative zero as zero", real("-0.0"), "0"],
  ["a decimal that a double holds", real("123.450"), "123.45"],
  ["a decimal of 15 digits", real("1234567890123.45"), "1234567890123.45"],
  [
    "a decimal that a double would change, as text",
    real("0.10000000000000000001"),
    '"0.10000000000000000001"',
  ],
  ["a long amount, as text", real("12345678901234567.89"), '"12345678901234567.89"'],
  ["a whole decimal beyond 2^53 as text", real("9007199254740993"), '"9007199254740993"'],
  ["a small double", real("1e-7"), "1e-7"],
  ["a huge double that no digit of is lost", real("1e21"), "1e+21"],
  ["a date", "2024-02-29", '"2024-02-29"'],
  ["a JSON column as an object", { a: [1, { b: null }] }, '{"a":[1,{"b":null}]}'],
  [
    "exact numbers inside JSON",
    { n: 9007199254740993n, d: [real("5.0")] },
    '{"n":"9007199254740993","d":[5]}',
  ],
];

for (const [title, value, json] of VALUES) {
  s(`should send ${title}`, () => assert.is(JSON.stringify(segmentValue(value)), json));
}

s.run();
