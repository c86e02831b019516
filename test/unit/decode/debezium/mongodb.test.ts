import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Real } from "../../../../src/data/row.ts";
import { readDocument } from "../../../../src/decode/debezium/mongodb.ts";
import { updated } from "../../../../src/decode/debezium/mongodb-update.ts";

const s = suite("decode: MongoDB's Extended JSON");

/** A value in each form of BSON's own writer: Extended JSON v1 strict, v2 relaxed and v2 canonical. */
const VALUES: readonly (readonly [type: string, forms: readonly string[], value: unknown])[] = [
  ["ObjectId", ['{"$oid": "596e275826f08b2730779e1f"}'], "596e275826f08b2730779e1f"],
  ["Int32", ["7", '{"$numberInt": "7"}'], 7],
  ["Int64", ['{"$numberLong": "42"}', "42"], 42],
  [
    "Int64 beyond 2^53",
    ['{"$numberLong": "-9007199254740993"}', "-9007199254740993"],
    -9007199254740993n,
  ],
  ["Double", ["5.0", '{"$numberDouble": "5.0"}'], new Real("5")],
  ["Double, large", ["1.0E21", '{"$numberDouble": "1.0E21"}'], new Real("1000000000000000000000")],
  ["Double, no number", ["NaN", '{"$numberDouble": "NaN"}'], "NaN"],
  ["Double, infinite", ["-Infinity", '{"$numberDouble": "-Infinity"}'], "-Infinity"],
  ["Decimal128", ['{"$numberDecimal": "10.50"}'], 10.5],
  ["Decimal128, large", ['{"$numberDecimal": "1E+3"}'], new Real("1000")],
  ["Decimal128, no number", ['{"$numberDecimal": "NaN"}'], "NaN"],
  [
    "Date",
    [
      '{"$date": 1641600000123}',
      '{"$date": "2022-01-08T00:00:00.123Z"}',
      '{"$date": {"$numberLong": "1641600000123"}}',
    ],
    "2022-01-08T00:00:00.123Z",
  ],
  [
    "Date, whole",
    ['{"$date": 0}', '{"$date": "1970-01-01T00:00:00Z"}'],
    "1970-01-01T00:00:00.000Z",
  ],
  [
    "Date before 1970",
    ['{"$date": -1}', '{"$date": {"$numberLong": "-1"}}'],
    "1969-12-31T23:59:59.999Z",
  ],
  [
    "Binary",
    ['{"$binary": "AQL/","$type": "00"}', '{"$binary": {"base64": "AQL/","subType": "00"}}'],
    "AQL/",
  ],
  [
    "UUID",
    [
      '{"$binary": "DpocPh8fSz6PKgAAAAAAAQ==","$type": "04"}',
      '{"$binary": {"base64": "DpocPh8fSz6PKgAAAAAAAQ==","subType": "04"}}',
      '{"$uuid": "0e9a1c3e-1f1f-4b3e-8f2a-000000000001"}',
    ],
    "0e9a1c3e-1f1f-4b3e-8f2a-000000000001",
  ],
  ["Timestamp", ['{"$timestamp": {"t": 1641600000,"i": 3}}'], { t: 1641600000, i: 3 }],
  [
    "Regular expression",
    [
      '{"$regex": "a.*b","$options": "i"}',
      '{"$regularExpression": {"pattern": "a.*b","options": "i"}}',
    ],
    "/a.*b/i",
  ],
  ["Symbol", ['{"$symbol": "s"}'], "s"],
  ["Undefined", ['{"$undefined": true}'], null],
  ["DBRef", ['{"$ref": "c","$id": {"$numberInt": "1"}}'], { $ref: "c", $id: 1 }],
  [
    "Array",
    ['[{"$numberLong": "1"},{"k": {"$date": 0}},null]'],
    [1, { k: "1970-01-01T00:00:00.000Z" }, null],
  ],
  ["Document", ['{"a": {"b": {"$numberLong": "2"}}}'], { a: { b: 2 } }],
  ["Text that looks like a number", ['"5.0 NaN"'], "5.0 NaN"],
];

for (const [type, forms, value] of VALUES) {
  for (const form of forms) {
    s(`should read ${type} ${form}`, () => {
      assert.equal(readDocument(`{"v": ${form}}`), { v: value });
      assert.equal(readDocument(`{"n": NaN,"d": 1.0,"v": ${form}}`), {
        n: "NaN",
        d: new Real("1"),
        v: value,
      });
    });
  }
}

const UNREADABLE = ["{oops", '{"v": {"$numberLong": "x"}}', '{"v": {"$date": true}}', '{"v": Nan}'];

for (const text of UNREADABLE) {
  s(`should reject ${text}`, () => assert.throws(() => readDocument(text)));
}

const BEFORE = { _id: "1", n: 1, a: { b: 1, c: 2 }, list: [1, 2, { k: 3 }] };

const UPDATES: readonly (readonly [title: string, description: object, after: object])[] = [
  ["nothing", {}, BEFORE],
  ["a field", { updatedFields: '{"n": {"$numberLong": "2"}}' }, { ...BEFORE, n: 2 }],
  ["a new field", { updatedFields: '{"m": true}' }, { ...BEFORE, m: true }],
  ["a field within", { updatedFields: '{"a.b": 5}' }, { ...BEFORE, a: { b: 5, c: 2 } }],
  ["an item", { updatedFields: '{"list.2.k": 4}' }, { ...BEFORE, list: [1, 2, { k: 4 }] }],
  ["one more item", { updatedFields: '{"list.3": 4}' }, { ...BEFORE, list: [1, 2, { k: 3 }, 4] }],
  [
    "a number that is a name",
    { updatedFields: '{"a.0": 9}' },
    { ...BEFORE, a: { b: 1, c: 2, 0: 9 } },
  ],
  [
    "a removed field",
    { removedFields: ["n", "a.c"] },
    { _id: "1", a: { b: 1 }, list: BEFORE.list },
  ],
  ["a removed field that is not there", { removedFields: ["x.y"] }, BEFORE],
  ["a cut array", { truncatedArrays: [{ field: "list", size: 1 }] }, { ...BEFORE, list: [1] }],
];

for (const [title, description, after] of UPDATES) {
  s(`should apply an update of ${title}`, () => {
    assert.equal(updated(structuredClone(BEFORE), description as never), after);
  });
}

const IMPOSSIBLE = ["x.y", "list.9", "list.length", "n.m", "__proto__"];

for (const path of IMPOSSIBLE) {
  s(`should reject an update of ${path}, which the document cannot contain`, () => {
    const description = { updatedFields: JSON.stringify({ [path]: 1 }) };
    assert.throws(() => updated(structuredClone(BEFORE), description), /cannot contain/);
  });
}

s.run();
