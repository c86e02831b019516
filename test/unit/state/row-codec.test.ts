import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { equal, Real, type Row, real, type Value } from "../../../src/data/row.ts";
import type { StoredRow } from "../../../src/data/stored-row.ts";
import type { CdcError } from "../../../src/lib/errors.ts";
import {
  decodeStoredRow,
  deleteMarkerTime,
  encodeStoredRow,
  isDeleteMarker,
} from "../../../src/state/row-codec.ts";

const s = suite("state: stored rows as text");

const stored = (row: Row | null, over: Partial<StoredRow> = {}): StoredRow => ({
  row,
  offset: 7,
  sourcePosition: "postgresql|00000000000000000010",
  time: 1_700_000_000_000,
  members: [0, 2],
  since: [1_600_000_000_000, 0],
  pinned: [{ sync: 2, row: { v: 9007199254740993n } }],
  unknown: ["bio"],
  lastMessages: "i0,c1;x2@46,1600000000000,0/46",
  ...over,
});
const roundTrip = (row: StoredRow) => decodeStoredRow(encodeStoredRow(row, 5));

const VALUES: readonly (readonly [title: string, value: Value])[] = [
  ["NULL", null],
  ["an integer", 5],
  ["a double", 0.1],
  ["a bigint", 9007199254740993n],
  ["a negative bigint", -1n],
  ["a Real", new Real("12345678901234567890.5")],
  ["a whole Real apart from an integer", new Real("5")],
  ["a list", [1, "a", null, [2n]]],
  [
    "lists that look like the codec's own marks",
    [
      ["i", "5"],
      ["r", "5"],
      ["a", []],
      ["o", {}],
    ],
  ],
  ["an object", { a: { b: [new Real("1")] } }],
  ["an empty list", []],
  ["an empty object", {}],
  ["text beyond the BMP, and half of a pair", "😀\ud83d"],
];

for (const [title, value] of VALUES) {
  s(`should decode ${title} as the same kind`, () => {
    assert.equal(
      roundTrip(stored({ v: value, w: { x: value } })),
      stored({ v: value, w: { x: value } }),
    );
  });
}

s("should keep columns that are named like members of Object", () => {
  const row = JSON.parse('{"__proto__":{"a":[1]},"constructor":1,"toString":null}') as Row;
  const back = roundTrip(stored(row)).row as Row;
  assert.equal(Object.keys(back), ["__proto__", "constructor", "toString"]);
  assert.ok(equal(back, row));
});

s("should decode a delete marker with its time", () => {
  const mark = stored(null, { members: [], since: [], pinned: [], unknown: [] });
  assert.equal(roundTrip(mark), mark);
  assert.is(
    deleteMarkerTime(Buffer.from(encodeStoredRow(mark, 1_700_000_000_123))),
    1_700_000_000_123,
  );
  assert.is(
    deleteMarkerTime(Buffer.from(encodeStoredRow(stored({ v: 1 }), 1_700_000_000_123))),
    null,
  );
});

s("should decode a row without a source position", () => {
  const row = stored({ v: 1 }, { sourcePosition: null, time: 0 });
  assert.equal(roundTrip(row), row);
});

/** Any value that a decoder returns. */
const { value: anyValue } = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constant(null),
    fc.boolean(),
    fc.string({ unit: "binary" }),
    fc.maxSafeInteger(),
    fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => real(String(number))),
    fc.tuple(fc.bigInt(), fc.nat(40)).map(([digits, scale]) => real(`${digits}e-${scale}`)),
    fc.array(tie("value")),
    fc.dictionary(fc.string(), tie("value")),
  ),
}));

s("should decode every row as an equal one", () => {
  const anyRow = fc.dictionary(fc.string(), anyValue);
  const counts = fc.record(
    {
      offset: fc.maxSafeInteger(),
      time: fc.nat(2_000_000_000_000),
      members: fc.constant([3, 1, 2]),
      since: fc.array(fc.nat(2_000_000_000_000), { minLength: 3, maxLength: 3 }),
      unknown: fc.array(fc.string()),
      sourcePosition: fc.option(fc.string()),
      lastMessages: fc.string(),
    },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(anyRow, counts, (row, rest) => {
      const {
        row: back,
        pinned,
        ...others
      } = roundTrip({ row, pinned: [{ sync: 1, row }], ...rest });
      assert.ok(equal(pinned[0]?.row as Row, row));
      assert.ok(back !== null && equal(back, row) && equal(row, back));
      assert.equal(Object.keys(back), Object.keys(row));
      assert.equal(others, rest);
    }),
    { numRuns: 500 },
  );
});

s("should reject rows of another version and say what to do", () => {
  assert.throws(
    () => decodeStoredRow('[3,7,null,0,[],[],[],[],{"v":1}]'),
    (error: CdcError) =>
      error.code === "STATE_UNREADABLE" &&
      /format 3 .*reads 1 to 2; run the version that wrote them/.test(error.message),
  );
});

// Every later release must read this format: never change this text.
s("should read rows of format 1", () => {
  const text =
    '[1,42,"postgresql|00000000000000001000",1700000000000,[0,1],[[1,{"plan":"free"}]],["bio"],' +
    '{"id":["i","9007199254740993"],"mrr":["r","5"],"prefs":["o",{"a":["a",[1,null]]}],"plan":"pro"}]';
  assert.equal(decodeStoredRow(text), {
    row: {
      id: 9007199254740993n,
      mrr: new Real("5"),
      prefs: { a: [1, null] },
      plan: "pro",
    },
    offset: 42,
    sourcePosition: "postgresql|00000000000000001000",
    time: 1_700_000_000_000,
    members: [0, 1],
    since: [0, 0],
    pinned: [{ sync: 1, row: { plan: "free" } }],
    unknown: ["bio"],
    lastMessages: "",
  });
  assert.is(isDeleteMarker(text), false);
  assert.is(
    deleteMarkerTime(Buffer.from("[1,42,null,0,[],[],[],1700000000123]")),
    1_700_000_000_123,
  );
});

// Never change this text either.
s("should read rows of format 2", () => {
  const head = '[2,42,"postgresql|00000000000000001000",1700000000000,[0,1],[],[]';
  const row = {
    row: { plan: "pro" },
    offset: 42,
    sourcePosition: "postgresql|00000000000000001000",
    time: 1_700_000_000_000,
    members: [0, 1],
    pinned: [],
    unknown: [],
    lastMessages: "i0;c1@41,1690000000000,0/41",
  };
  const lastMessages = '"i0;c1@41,1690000000000,0/41",{"plan":"pro"}]';
  const same = decodeStoredRow(`${head},1600000000000,${lastMessages}`);
  assert.equal(same, { ...row, since: [1_600_000_000_000, 1_600_000_000_000] });
  const apart = decodeStoredRow(`${head},[1600000000000,0],${lastMessages}`);
  assert.equal(apart, { ...row, since: [1_600_000_000_000, 0] });
});

s.run();
