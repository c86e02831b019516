import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { MessageKind } from "../../../src/data/last-message.ts";
import { type Teller, type Told, tableAsTold, tableTold } from "../../../src/data/last-message.ts";
import {
  carried,
  decodeTold,
  encodeTold,
  retold,
  toldElsewhere,
} from "../../../src/data/last-message-codec.ts";

const s = suite("told: what each sync told last of a row, as its text");

const ROW = { offset: 7, time: 1_700_000_000_000, position: "postgresql|00000000000024023128" };
const NEXT = { offset: 8, time: ROW.time + 1, position: "postgresql|00000000000024023999" };
const OWN: Teller = {
  offset: ROW.offset,
  time: ROW.time,
  place: ROW.position,
  table: null,
  partition: null,
  key: null,
};
const told = (sync: number, by: Partial<Teller> = {}, over: Partial<Told> = {}): Told => ({
  sync,
  kind: "identify",
  id: null,
  isSetAside: false,
  by: { ...OWN, ...by },
  ...over,
});
const KINDS: readonly MessageKind[] = [
  "identify",
  "added",
  "changed",
  "removed",
  "entered",
  "exited",
];
const HARD = "a%b,c;d@e=f.\n\t\"'\\ 😀\ud83d";

const CASES: readonly (readonly [title: string, all: readonly Told[]])[] = [
  ["nothing", []],
  ["what the row's own record told", [told(0), told(1, {}, { kind: "changed" })]],
  ["every kind", KINDS.map((kind, sync) => told(sync, {}, { kind }))],
  ["every kind set aside", KINDS.map((kind, sync) => told(sync, {}, { kind, isSetAside: true }))],
  [
    "what other records told",
    [
      told(0, { offset: 3 }),
      told(1, { offset: 3 }),
      told(12, { time: 9 }),
      told(13, { place: "0/3" }),
      told(14, { table: "routed" }),
      told(15, { table: "" }),
      told(16, { partition: 0 }),
      told(17, { key: '["org,1",7]' }),
      told(18, { offset: 3, table: "t", partition: 4, key: "[8]" }),
      told(19),
    ],
  ],
  [
    "whatever stands in names and ids",
    [
      told(0, { table: HARD }, { id: HARD }),
      told(1, { key: HARD, place: HARD }, { id: "%" }),
      told(2, {}, { id: HARD, isSetAside: true }),
    ],
  ],
];

for (const [title, all] of CASES) {
  s(`should give back ${title}`, () => {
    assert.equal(bySync(decodeTold(encodeTold(all, ROW), ROW)), all);
  });

  s(`should stay the same when the row moves on: ${title}`, () => {
    const text = carried(encodeTold(all, ROW), ROW);
    assert.equal(bySync(decodeTold(text, NEXT)), all);
    assert.is(carried(text, NEXT), text, "what others told is told by them still");
  });
}

s("should forget what a sync told before, and of no other one", () => {
  const text = carried(encodeTold([told(1), told(11, { offset: 3 }), told(2)], ROW), ROW);
  const by = { offset: 8, time: NEXT.time, place: NEXT.position };
  const now = [told(1, by, { kind: "changed" })];
  const after = [now[0] as Told, told(2), told(11, { offset: 3 })];
  assert.equal(bySync(decodeTold(retold(text, now, NEXT), NEXT)), after);
  const both = retold(text, [told(1, by), told(2, by)], NEXT);
  assert.equal(bySync(decodeTold(both, NEXT)), [told(1, by), told(2, by), told(11, { offset: 3 })]);
  assert.is(retold(text, [], NEXT), text);
});

s(
  "should know a row's own record by its place too: a removal may be told from another partition",
  () => {
    const by = { ...OWN, partition: 3 };
    assert.equal(decodeTold(retold("", [told(0, by)], ROW), ROW), [told(0, by)]);
    const unplaced = { ...ROW, position: null };
    const record = { ...OWN, place: "0/7" };
    assert.equal(decodeTold(retold("", [told(0, record)], unplaced), unplaced), [told(0, record)]);
  },
);

s("should keep the key and partition that a row had, when it goes to others", () => {
  const text = encodeTold([told(0), told(1, { key: "[1]", partition: 5 })], ROW);
  assert.equal(toldElsewhere(text, ROW, { key: "[2]", partition: 4 }), [
    told(0, { key: "[2]", partition: 4 }),
    told(1, { key: "[1]", partition: 5 }),
  ]);
});

s("should name the table by the topic where Debezium does", () => {
  for (const [topic, table, written] of [
    ["app.public.users", "public.users", null],
    ["app.public.users", "app.public.users", "app.public.users"],
    ["users", "public.users", "public.users"],
    ["users", "users", null],
    ["shop.users", "", ""],
  ] as const) {
    assert.is(tableAsTold(topic, table), written);
    assert.is(tableTold(topic, { ...OWN, table: written }), table);
  }
});

s("should give back any, in a text that goes through JSON", () => {
  const teller = fc.record(
    {
      offset: fc.maxSafeNat(),
      time: fc.nat(2_000_000_000_000),
      place: fc.oneof(fc.constant(ROW.position), fc.string({ unit: "binary" })),
      table: fc.option(fc.string({ unit: "binary" })),
      partition: fc.option(fc.nat(10_000)),
      key: fc.option(fc.json()),
    },
    { noNullPrototype: true },
  );
  const one = fc.record(
    {
      kind: fc.constantFrom(...KINDS),
      id: fc.option(fc.string({ unit: "binary", minLength: 1 })),
      isSetAside: fc.boolean(),
      by: fc.oneof(fc.constant(OWN), teller),
    },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(fc.array(one), (some) => {
      const all = some.map((rest, sync): Told => ({ sync, ...rest }));
      const text = JSON.parse(JSON.stringify(encodeTold(all, ROW)));
      assert.equal(bySync(decodeTold(text, ROW)), all);
    }),
    { numRuns: 500 },
  );
});

s(
  "should be short: of two syncs less than 10 characters, and less than 70 once the row has moved on",
  () => {
    const text = encodeTold([told(0), told(1, {}, { kind: "changed" })], ROW);
    assert.ok(text.length < 10, text);
    assert.ok(carried(text, ROW).length < 70, carried(text, ROW));
  },
);

function bySync(all: readonly Told[]): readonly Told[] {
  return all.toSorted((a, b) => a.sync - b.sync);
}

s.run();
