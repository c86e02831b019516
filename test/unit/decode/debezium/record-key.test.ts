import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type KeyFields, RecordKey } from "../../../../src/decode/debezium/record-key.ts";
import type { CdcError } from "../../../../src/lib/errors.ts";

const s = suite("decode: record keys");

const SCHEMA = '{"type":"struct","fields":[{"type":"int64","field":"id"}]}';

const KEYS: readonly (readonly [title: string, fields: KeyFields, key: string, read: string])[] = [
  ["one field", null, '{"id":7}', "[7]"],
  ["all fields as they come", null, '{"org":"o1","id":7}', '["o1",7]'],
  ["composite fields in the model's order", ["org", "id"], '{"id":7,"org":"o1"}', '["o1",7]'],
  ["white space", ["id"], '{ "id" : 7 }', "[7]"],
  ["an embedded schema", ["id"], `{"schema":${SCHEMA},"payload":{"id":7}}`, "[7]"],
  ["ids beyond 2^53", ["id"], '{"id":9007199254740993}', "[9007199254740993]"],
  ["a bare number", null, "7", "[7]"],
  ["a bare number named by the model", ["id"], "7", "[7]"],
  ["JSON text", ["id"], '"u-1"', '["u-1"]'],
  ["StringConverter's bare text", ["id"], "u-1", '["u-1"]'],
  ["StringConverter's UUID", ["id"], "0e9a1c3e-1f1f", '["0e9a1c3e-1f1f"]'],
  ["StringConverter's text with quotes in it", null, 'a "b"', '["a \\"b\\""]'],
  ["a NULL in a unique index", ["a", "b"], '{"a":null,"b":1}', "[null,1]"],
  ["text outside ASCII", ["id"], '{"id":"é\\u0000"}', '["é\\u0000"]'],
  ["a field that is a struct", ["id"], '{"id":{"$oid":"5f"}}', '[{"$oid":"5f"}]'],
];

for (const [title, fields, key, expected] of KEYS) {
  s(`should read ${title}`, () => {
    assert.is(new RecordKey(fields).read(Buffer.from(key)), expected);
  });
}

type Rejected = readonly [
  title: string,
  fields: KeyFields,
  key: string | null,
  code: string,
  reason: RegExp,
];

const REJECTED: readonly Rejected[] = [
  ["no key", null, null, "MISSING_KEY", /message\.key\.columns/],
  ["an empty key", null, "", "MISSING_KEY", /message\.key\.columns/],
  ["a key without fields", null, "{}", "MISSING_KEY", /message\.key\.columns/],
  ["a key of JSON null", null, "null", "MISSING_KEY", /message\.key\.columns/],
  ["a field too few", ["org", "id"], '{"id":7}', "KEY_MISMATCH", /org, id.*fields id;/],
  ["a field too many", ["id"], '{"org":"o1","id":7}', "KEY_MISMATCH", /fields org, id;/],
  ["another field", ["id"], '{"uid":7}', "KEY_MISMATCH", /message\.key\.columns/],
  ["a bare value for two fields", ["org", "id"], "7", "KEY_MISMATCH", /single value/],
  [
    "broken JSON",
    ["id"],
    '{"id":',
    "INVALID_JSON",
    /record key cannot be read: the bytes cannot be read as JSON/,
  ],
  [
    "a broken schema block",
    ["id"],
    '{"schema":{"type"',
    "INVALID_JSON",
    /record key cannot be read: the bytes cannot be read as JSON/,
  ],
];

for (const [title, fields, key, code, reason] of REJECTED) {
  s(`should reject a record with ${title}`, () => {
    assert.throws(
      () => new RecordKey(fields).read(key === null ? null : Buffer.from(key)),
      (error: CdcError) =>
        error.code === code && error.consequence === "dead-letter" && reason.test(error.message),
    );
  });
}

s("should distinguish two ids that are the same double", () => {
  const key = new RecordKey(["id"]);
  const read = (id: string) => key.read(Buffer.from(`{"id":${id}}`));
  assert.is.not(read("9007199254740992"), read("9007199254740993"));
});

s("should distinguish a number and its text", () => {
  const key = new RecordKey(["id"]);
  assert.is.not(key.read(Buffer.from('{"id":7}')), key.read(Buffer.from('{"id":"7"}')));
});

s.run();
