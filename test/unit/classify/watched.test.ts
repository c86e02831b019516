import { suite } from "uvu";
import * as assert from "uvu/assert";
import { changedColumns } from "../../../src/classify/changed-columns.ts";
import { Real, type Row, type Value } from "../../../src/data/row.ts";
import {
  deleteOf,
  eventOf,
  everyone,
  outcomeOf,
  reasons,
  storedOf,
  syncOf,
} from "../../support/classify.ts";

const s = suite("classify: watched columns and equality");

const PLAIN = { defaults: null, unknown: [] };

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
  ["JSON numbers of two reasons", { n: 5 }, { n: new Real("5") }],
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
    assert.equal(changedColumns(["v"], { v: a }, { v: b }, PLAIN), []);
    assert.equal(changedColumns(["v"], { v: b }, { v: a }, PLAIN), []);
  });
}

for (const [title, a, b] of DIFFERENT) {
  s(`should take as different ${title}`, () => {
    assert.equal(changedColumns(["v"], { v: a }, { v: b }, PLAIN), ["v"]);
    assert.equal(changedColumns(["v"], { v: b }, { v: a }, PLAIN), ["v"]);
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
  ["a column that is not watched", ["a"], { a: 1, b: 1 }, { a: 1, b: 2 }, null, false],
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
    const context = { ...PLAIN, defaults };
    assert.is(changedColumns(watched, previous, next, context).length > 0, expected);
  });
}

s("should name every changed column, and no new one that has its default", () => {
  const stored = storedOf({ row: { user: "u1", a: 1, c: 1 } });
  const event = eventOf({ row: { user: "u1", a: 2, b: 5, c: 2 }, defaults: { b: 5 } });
  const columns = (watched: readonly string[] | "*") =>
    outcomeOf(stored, event, [everyone(syncOf({ watched }))]).changes[0]?.changedColumns;
  assert.equal(columns("*"), ["a", "c"]);
  assert.equal(columns(["a", "b"]), ["a"]);
});

s("should name a column whose previous value was unknown", () => {
  const stored = storedOf({ row: { user: "u1" }, unknown: ["bio"] });
  const event = eventOf({ row: { user: "u1", bio: null } });
  const [change] = outcomeOf(stored, event, [everyone(syncOf({ watched: "*" }))]).changes;
  assert.equal(change?.changedColumns, ["bio"]);
});

s("should name no columns where the previous row is unknown, or a membership changed", () => {
  const moved = { offset: 100, streaming: true, keyChanged: true };
  const columns = ({ changes }: ReturnType<typeof outcomeOf>) =>
    changes.map(({ reason, changedColumns }) => [reason, changedColumns]);
  const model = everyone(syncOf());
  assert.equal(columns(outcomeOf(null, eventOf(), [model], moved)), [["changed", null]]);
  assert.equal(columns(outcomeOf(null, eventOf(), [model])), [["added", null]]);
  assert.equal(columns(outcomeOf(storedOf(), deleteOf(), [model])), [["removed", null]]);
});

s("should hand the record's defaults to the comparison", () => {
  const stored = storedOf({ row: { id: 1, user: "u1" } });
  const event = eventOf({ row: { id: 1, user: "u1", tier: "std" }, defaults: { tier: "std" } });
  const model = everyone(syncOf({ watched: ["user", "tier"] }));
  assert.equal(reasons(outcomeOf(stored, event, [model])), []);
  assert.equal(reasons(outcomeOf(stored, { ...event, defaults: null }, [model])), ["changed"]);
});

s.run();
