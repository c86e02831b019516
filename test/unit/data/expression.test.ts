import { suite } from "uvu";
import * as assert from "uvu/assert";
import { celResult, compileExpression } from "../../../src/data/expression.ts";
import { Real, type Row } from "../../../src/data/row.ts";
import type { CdcError } from "../../../src/lib/errors.ts";

const s = suite("expressions over a row");

const ROW: Row = {
  plan: "pro",
  mrr: 1250,
  rate: new Real("5"),
  price: 9.99,
  big: 9007199254740993n,
  gone: null,
  prefs: { dark: true, n: 3, tags: ["a"] },
  "dotted.col": "x",
};
const NONE: ReadonlySet<string> = new Set();
const evaluate = (text: string, known = NONE) => compileExpression(text).evaluate(ROW, known);

const TRUE: readonly string[] = [
  'row.plan == "pro"',
  'row.plan != "free" && row.gone == null',
  'row["dotted.col"] == "x"',
  "row.mrr / 100 == 12",
  "row.mrr * 12 == 15000",
  "row.rate * 2.0 == 10.0",
  "row.price > 9.5",
  "row.big == 9007199254740993",
  "row.mrr == 1250.0",
  "row.prefs.dark",
  "row.prefs.n + 1 == 4",
  '"a" in row.prefs.tags',
  "has(row.plan)",
  "!has(row.nothing)",
  "size(row) == 8",
];

for (const text of TRUE) s(`should find true: ${text}`, () => assert.is(evaluate(text), true));

const FAIL: readonly string[] = ["row.nothing == null", "row.plan > 5", "row.mrr + row.plan"];

for (const text of FAIL) {
  s(`should fail rather than guess: ${text}`, () => assert.throws(() => evaluate(text)));
}

s("should see a known column that the row lacks as null", () => {
  const known = new Set(["nothing"]);
  assert.is(evaluate("row.nothing == null", known), true);
  assert.is(evaluate('row.plan == "pro"', new Set(["plan"])), true, "a value stays");
});

const COLUMNS: readonly (readonly [text: string, columns: readonly string[] | "*"])[] = [
  ["row.a + row.b", ["a", "b"]],
  ['row["a b"] == 1', ["a b"]],
  ["row.a.b.c == 1", ["a"]],
  ["has(row.a)", ["a"]],
  ["[1, 2].exists(x, x == row.a)", ["a"]],
  ["row[row.a] == 1", "*"],
  ["size(row) > 1", "*"],
  ["1 == 1", []],
];

for (const [text, columns] of COLUMNS) {
  s(`should know which columns it reads: ${text}`, () =>
    assert.equal(compileExpression(text).columns, columns),
  );
}

s("should refuse what does not parse or cannot be a filter, in CEL's words", () => {
  const refuses = (text: string, result: "bool" | undefined, reason: RegExp) =>
    assert.throws(
      () => compileExpression(text, result),
      (error: CdcError) => error.code === "CONFIGURATION" && reason.test(error.message),
    );
  refuses("row.", undefined, /`row\.` is wrong/);
  refuses("rwo.plan", undefined, /rwo/);
  refuses("1 + 1", "bool", /type is int and must be bool/);
});

const RESULTS: readonly (readonly [text: string, value: unknown])[] = [
  ["row.mrr", 1250],
  ["row.big", 9007199254740993n],
  ["row.rate", 5],
  ["row.gone", null],
  ["row.prefs", { dark: true, n: 3, tags: ["a"] }],
  ["[row.mrr, row.plan]", [1250, "pro"]],
  ['timestamp("2024-01-01T00:00:00Z")', "2024-01-01T00:00:00.000Z"],
  ['b"ab"', "YWI="],
  ["uint(7)", 7],
];

for (const [text, value] of RESULTS) {
  s(`should give a column's value for ${text}`, () =>
    assert.equal(celResult(evaluate(text)), value),
  );
}

s("should refuse results that have no JSON form", () => {
  assert.throws(() => celResult(evaluate("1.0 / 0.0")), /not a number/);
  assert.throws(() => celResult(evaluate("type(1)")), /no JSON form/);
});

s.run();
