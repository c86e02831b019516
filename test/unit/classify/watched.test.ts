import { suite } from "uvu";
import * as assert from "uvu/assert";
import { hasChanged } from "../../../src/classify/changed-columns.ts";
import { Real, type Row, type Value } from "../../../src/data/row.ts";
import { eventOf, everyone, kinds, outcomeOf, storedOf, syncOf } from "../../support/classify.ts";

const s = suite("classify: watched columns and equality");

const EQUAL: readonly (readonly [title: string, a: Value, b: Value])[] = [
  ["the same text", "a", "a"],
  ["NULL and NULL", null, null],
  ["an integer and the same as a bigint", 5, 5n],
  ["a bigint beyond 2^53 and itself", 9007199254740993n, 9007199254740993n],
  ["an integer and a whole double", 4, new Real("4")],
  ["a double and the same decimal", 0.1, new Real("0.1")],
  ["a tiny double and its decimal", 1e-7, new Real("0.0000001")],
  ["a huge double and the same bigint", 1e21, 1000000000000000000000n],
  [
    "JSON in another order of keys",
    { a: 1, b: [1, { c: null, d: 2 }] },
    { b: [1, { d: 2, c: null }], a: 1 },
  ],
  ["JSON numbers of two kinds", { n: 5 }, { n: new Real("5") }],
];

const DIFFERENT: readonly (readonly [title: string, a: Value, b: Value])[] = [
  ["text in another case", "a", "A"],
  ["NULL and empty text", null, ""],
  ["NULL and zero", null, 0],
  ["NULL and an empty object", null, {}],
  ["zero and false", 0, false],
  ["a number and its text", 5, "5"],
  ["a decimal and its text", new Real("5"), "5"],
  ["two integers that one double would stand for", 9007199254740992n, 9007199254740993n],
  ["decimals that one double would stand for", new Real("0.1"), new Real("0.10000000000000000001")],
  ["a list in another order", [1, 2], [2, 1]],
  ["a list and a longer one", [1], [1, 2]],
  ["an empty list and an empty object", [], {}],
  ["an object and one with a NULL more", { a: 1 }, { a: 1, b: null }],
  ["objects with as many other names", { a: 1, b: null }, { a: 1, c: null }],
];

for (const [title, a, b] of EQUAL) {
  s(`should take as equal ${title}`, () => {
    assert.not(hasChanged(["v"], { v: a }, { v: b }, null));
    assert.not(hasChanged(["v"], { v: b }, { v: a }, null));
  });
}

for (const [title, a, b] of DIFFERENT) {
  s(`should take as different ${title}`, () => {
    assert.ok(hasChanged(["v"], { v: a }, { v: b }, null));
    assert.ok(hasChanged(["v"], { v: b }, { v: a }, null));
  });
}

type ColumnCase = readonly [
  title: string,
  watched: readonly string[] | "*",
  previous: Row,
  next: Row,
  defaults: Row | null,
  hasChanged: boolean,
];

const COLUMNS: readonly ColumnCase[] = [
  ["a column nobody watches", ["a"], { a: 1, b: 1 }, { a: 1, b: 2 }, null, false],
  ["any column under *", "*", { a: 1, b: 1 }, { a: 1, b: 2 }, null, true],
  ["a column that was dropped", ["a", "b"], { a: 1, b: 1 }, { a: 1 }, null, false],
  ["a column that was dropped, under *", "*", { a: 1, b: 1 }, { a: 1 }, null, false],
  ["a new column that is NULL", ["b"], { a: 1 }, { a: 1, b: null }, null, false],
  ["a new column with a value", ["b"], { a: 1 }, { a: 1, b: 0 }, null, true],
  ["a new column that has its default", ["b"], { a: 1 }, { a: 1, b: "x" }, { b: "x" }, false],
  ["a new column that has another value than its default", ["b"], {}, { b: "y" }, { b: "x" }, true],
  ["a new column that is NULL though it has a default", ["b"], {}, { b: null }, { b: "x" }, true],
  [
    "a known column that turns from NULL into its default",
    ["b"],
    { b: null },
    { b: "x" },
    { b: "x" },
    true,
  ],
  ["a watched column that neither row has", ["z"], { a: 1 }, { a: 2 }, null, false],
  ["a column named like an object's own method", ["toString"], { a: 1 }, { a: 2 }, null, false],
];

for (const [title, watched, previous, next, defaults, expected] of COLUMNS) {
  s(`should ${expected ? "see" : "see no"} difference in ${title}`, () => {
    assert.is(hasChanged(watched, previous, next, defaults), expected);
  });
}

s("should hand the record's defaults to the comparison", () => {
  const stored = storedOf({ row: { id: 1, user: "u1" } });
  const event = eventOf({ row: { id: 1, user: "u1", tier: "std" }, defaults: { tier: "std" } });
  const model = everyone(syncOf({ watched: ["user", "tier"] }));
  assert.equal(kinds(outcomeOf(stored, event, [model])), []);
  assert.equal(kinds(outcomeOf(stored, { ...event, defaults: null }, [model])), ["changed"]);
});

s.run();
