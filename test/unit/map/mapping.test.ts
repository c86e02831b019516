import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Real, type Row } from "../../../src/data/row.ts";
import type { SyncOptions } from "../../../src/map/sync.ts";
import { missingUser } from "../../../src/map/sync.ts";
import { added, mapped, syncWith } from "../../support/sync.ts";

const s = suite("map: columns, constants and expressions");

const ROW: Row = {
  id: 1,
  email: "a@x",
  mrr: 1250,
  rate: new Real("2"),
  name: null,
  prefs: { dark: true, deep: { er: [1, 2] } },
  "prefs.light": "own",
  big: 9007199254740993n,
};

type Fields = SyncOptions["fields"];
type Case = readonly [
  title: string,
  fields: Fields,
  properties: object,
  omitted?: readonly string[],
];

const CASES: readonly Case[] = [
  ["a list under the columns' own names", ["email", "mrr"], { email: "a@x", mrr: 1250 }],
  ["a map under other names", { mail: "email" }, { mail: "a@x" }],
  ["NULL as null", ["name"], { name: null }],
  [
    "a constant of any kind",
    { a: { value: "x" }, b: { value: { c: [1] } } },
    { a: "x", b: { c: [1] } },
  ],
  ["a path into a JSON column", ["prefs.dark"], { "prefs.dark": true }],
  ["a deep path", { er: "prefs.deep.er" }, { er: [1, 2] }],
  ["a column whose own name has the dot", { light: "prefs.light" }, { light: "own" }],
  [
    "a key that the JSON does not hold as null",
    { x: "prefs.gone", y: "prefs.dark.no" },
    { x: null, y: null },
  ],
  ["a path into NULL as null", { x: "name.first" }, { x: null }],
  ["integers as ints", { x: { cel: "row.mrr / 100" } }, { x: 12 }],
  ["doubles as doubles", { x: { cel: "row.rate * 1.5" } }, { x: 3 }],
  ["converted integers as doubles", { x: { cel: "double(row.mrr) / 100.0" } }, { x: 12.5 }],
  ["big integers exactly", { x: { cel: "row.big + 1" } }, { x: "9007199254740994" }],
  ["conditions and JSON", { x: { cel: 'row.prefs.dark ? "dark" : "light"' } }, { x: "dark" }],
  [
    "lists and maps of an expression",
    { x: { cel: '{"a": [row.mrr, row.name]}' } },
    { x: { a: [1250, null] } },
  ],
  ["nothing for a column that the row lacks", ["email", "gone"], { email: "a@x" }, ["gone"]],
  ["nothing for a path whose column is missing", { x: "gone.deep" }, {}, ["x"]],
  [
    "nothing where an expression fails",
    { x: { cel: "row.email * 2" }, y: "mrr" },
    { y: 1250 },
    ["x"],
  ],
  [
    "nothing where an expression gives no number",
    { x: { cel: "double(row.mrr) / 0.0" } },
    {},
    ["x"],
  ],
  [
    "nothing where an expression reads an unknown column",
    { x: { cel: "row.gone == null" } },
    {},
    ["x"],
  ],
];

for (const [title, fields, properties, omitted = []] of CASES) {
  s(`should map ${title}`, () => {
    const result = mapped({ fields }, added(ROW));
    assert.equal(result.messages[0]?.properties, properties);
    assert.equal(result.omitted, omitted);
  });
}

s("should map every column under *", () => {
  assert.equal(Object.keys(mapped({ fields: "*" }, added(ROW)).messages[0]?.properties ?? {}), [
    ...Object.keys(ROW),
  ]);
});

s("should show an expression a known column that the row lacks as null", () => {
  const fields = { x: { cel: "row.bio == null" } };
  const change = { ...added(ROW), absent: new Set(["bio"]) };
  assert.equal(mapped({ fields }, change).messages[0]?.properties, { x: true });
  const declared = new Set(["bio"]);
  assert.equal(mapped({ fields, declared }, added(ROW)).messages[0]?.properties, { x: true });
});

const WATCHED: readonly (readonly [
  title: string,
  options: Partial<SyncOptions>,
  watched: unknown,
])[] = [
  [
    "the ids and the mapped columns",
    { fields: { a: "x", b: { cel: "row.y + row.z" } } },
    ["id", "x", "y", "z"],
  ],
  ["both ids", { anonymousId: "cookie" }, ["id", "cookie"]],
  [
    "the JSON column of a path, and the column of that name",
    { fields: ["p.q"] },
    ["id", "p.q", "p"],
  ],
  ["no column for a constant", { fields: { a: { value: 1 } } }, ["id"]],
  ["not what only timestamp and messageId read", { timestamp: "at", messageId: "eid" }, ["id"]],
  ["everything under *", { fields: "*" }, "*"],
  ["everything where an expression takes the row", { fields: { a: { cel: "size(row)" } } }, "*"],
  ["what `watch` says instead", { fields: ["a"], watch: ["b"] }, ["b"]],
  ["everything where `watch` says so", { fields: ["a"], watch: "*" }, "*"],
];

for (const [title, options, watched] of WATCHED) {
  s(`should watch ${title}`, () => assert.equal(syncWith(options).watched, watched));
}

const USERS: readonly (readonly [title: string, row: Row, userId: string | undefined])[] = [
  ["text", { id: "u1" }, "u1"],
  ["an integer", { id: 7 }, "7"],
  ["an integer beyond 2^53", { id: 9007199254740993n }, "9007199254740993"],
  ["a decimal", { id: new Real("7") }, "7"],
  ["zero", { id: 0 }, "0"],
  ["no NULL", { id: null }, undefined],
  ["no missing column", {}, undefined],
  ["no blank text", { id: " " }, undefined],
  ["no boolean", { id: true }, undefined],
  ["no JSON", { id: { a: 1 } }, undefined],
];

for (const [title, row, userId] of USERS) {
  s(`should take as a user ${title}`, () => {
    assert.is(syncWith({}).user(row, new Set())?.userId, userId);
    const anonymous = syncWith({ userId: undefined, anonymousId: "id" }).user(row, new Set());
    assert.equal(anonymous, userId === undefined ? null : { anonymousId: userId });
  });
}

s("should take no user from an expression that fails", () => {
  assert.is(syncWith({ userId: { cel: "row.gone" } }).user(ROW, new Set()), null);
});

s("should say which column lacks, or that it is empty, where there is no user", () => {
  const error = missingUser({ name: "traits", userId: "uid" }, { id: 1, email: "a" });
  assert.is(error.code, "MISSING_USER");
  assert.match(error.message, /sync "traits".*no column uid; it has id, email/);
  assert.match(
    missingUser({ name: "traits", userId: "id" }, { id: null }).message,
    /column id is empty/,
  );
});

s.run();
