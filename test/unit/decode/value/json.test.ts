import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Real } from "../../../../src/data/row.ts";
import {
  jsonText,
  parseEnvelopeJson,
  parseJson,
  shown,
} from "../../../../src/decode/value/json.ts";
import { envelope, rowEvent } from "../../../support/debezium.ts";

const s = suite("decode: JSON without loss of digits");

const EXACT: readonly (readonly [text: string, value: unknown])[] = [
  ["9007199254740991", 9007199254740991],
  ["9007199254740992", 9007199254740992n],
  ["9007199254740993", 9007199254740993n],
  ["-9007199254740993", -9007199254740993n],
  ["9223372036854775807", 9223372036854775807n],
  ["-9223372036854775808", -9223372036854775808n],
  ["18446744073709551615", 18446744073709551615n],
  ["1", 1],
  ["0.5", 0.5],
  ["1e21", 1e21],
  ['"9007199254740993"', "9007199254740993"],
  ["123456789012345.6789", new Real("123456789012345.6789")],
  ["12345678901234567890.5", new Real("12345678901234567890.5")],
  ["-0.12345678901234567890", new Real("-0.1234567890123456789")],
  ["9007199254740991.4", new Real("9007199254740991.4")],
  ["1.000000000000000001", new Real("1.000000000000000001")],
  ["1.2345678901234567891E+5", new Real("123456.78901234567891")],
  ["1e-400", new Real(`0.${"0".repeat(399)}1`)],
  // A number that a double represents stays a number, even if it is written with more digits.
  ["0.30000000000000004", 0.1 + 0.2],
  ["3.141592653589793", Math.PI],
  ["1.2345678901234566E-7", 1.2345678901234566e-7],
  ["5.0000000000000000", 5],
];

for (const [text, value] of EXACT) {
  s(`should read ${text} exactly`, () => {
    assert.equal(parseJson(text), value);
    assert.equal(parseJson(`{"a":[{"b":${text}}]}`), { a: [{ b: value }] });
  });
}

s("should distinguish two ids that are the same double", () => {
  assert.is.not(
    jsonText(parseJson("[9007199254740992]")),
    jsonText(parseJson("[9007199254740993]")),
  );
});

s("should write numbers as it read them", () => {
  const text = '{"id":9007199254740993,"list":[-9223372036854775808,1,123456789012345.6789]}';
  assert.is(jsonText(parseJson(text)), text);
});

s("should read an envelope's row exactly with any source block", () => {
  const row =
    '{"before":null,"after":{"id":9007199254740993},"source":{"version":"3.5","ts_ns":1}}';
  assert.equal((parseEnvelopeJson(row) as { after: unknown }).after, { id: 9007199254740993n });
  const last =
    '{"source":{"version":"3.5","ts_ns":1},"before":null,"after":{"id":9007199254740993}}';
  assert.equal((parseEnvelopeJson(last) as { after: unknown }).after, { id: 9007199254740993n });
});

s("should read exactly a row that quotes a source block", () => {
  const note = '"source":{"version":"';
  const value = JSON.stringify(envelope({ op: "c", after: { id: "ID", note } }));
  const event = rowEvent(value.replace('"ID"', "9007199254740993"));
  assert.equal(event.row, { id: 9007199254740993n, note });
});

s("should read a flattened row exactly", () => {
  assert.equal(rowEvent('{"id":9007199254740993,"__op":"c"}').row, { id: 9007199254740993n });
});

s("should show at most 60 characters of a value", () => {
  assert.is(shown({ a: 1n }), '{"a":1}');
  assert.is(shown("x".repeat(100)).length, 60);
  assert.is(shown(undefined), "nothing");
});

s.run();
