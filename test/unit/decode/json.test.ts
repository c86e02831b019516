import { suite } from "uvu";
import * as assert from "uvu/assert";
import { jsonText, parseEnvelopeJson, parseJson, shown } from "../../../src/decode/json.ts";
import { envelope, rowEvent } from "../../support/debezium.ts";

const s = suite("decode: JSON without loss of integers");

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
];

for (const [text, value] of EXACT) {
  s(`should read ${text} exactly`, () => {
    assert.equal(parseJson(text), value);
    assert.equal(parseJson(`{"a":[{"b":${text}}]}`), { a: [{ b: value }] });
  });
}

s("should keep two ids apart that one double would stand for", () => {
  assert.is.not(
    jsonText(parseJson("[9007199254740992]")),
    jsonText(parseJson("[9007199254740993]")),
  );
});

s("should write integers out as it read them", () => {
  const text = '{"id":9007199254740993,"list":[-9223372036854775808,1]}';
  assert.is(jsonText(parseJson(text)), text);
});

s("should read an envelope's row exactly, whatever the source block holds", () => {
  const row =
    '{"before":null,"after":{"id":9007199254740993},"source":{"version":"3.5","ts_ns":1}}';
  assert.equal((parseEnvelopeJson(row) as { after: unknown }).after, { id: 9007199254740993n });
  const last =
    '{"source":{"version":"3.5","ts_ns":1},"before":null,"after":{"id":9007199254740993}}';
  assert.equal((parseEnvelopeJson(last) as { after: unknown }).after, { id: 9007199254740993n });
});

s("should not be led astray by a row that quotes a source block", () => {
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
