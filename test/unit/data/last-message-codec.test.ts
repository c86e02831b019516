import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { MessageKind } from "../../../src/data/last-message.ts";
import {
  type LastMessage,
  type LastMessageSource,
  tableOf,
  tableOverride,
} from "../../../src/data/last-message.ts";
import {
  carryLastMessages,
  decodeLastMessages,
  encodeLastMessages,
  lastMessagesForOtherKey,
  withLastMessages,
} from "../../../src/data/last-message-codec.ts";

const s = suite("told: what each sync told last of a row, as its text");

const ROW = {
  offset: 7,
  time: 1_700_000_000_000,
  sourcePosition: "postgresql|00000000000024023128",
};
const NEXT = { offset: 8, time: ROW.time + 1, sourcePosition: "postgresql|00000000000024023999" };
const OWN: LastMessageSource = {
  offset: ROW.offset,
  time: ROW.time,
  changeId: ROW.sourcePosition,
  table: null,
  partition: null,
  key: null,
};
const told = (
  sync: number,
  source: Partial<LastMessageSource> = {},
  over: Partial<LastMessage> = {},
): LastMessage => ({
  sync,
  kind: "identify",
  id: null,
  isDeadLettered: false,
  source: { ...OWN, ...source },
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

const CASES: readonly (readonly [title: string, all: readonly LastMessage[]])[] = [
  ["nothing", []],
  ["what the row's own record told", [told(0), told(1, {}, { kind: "changed" })]],
  ["every kind", KINDS.map((kind, sync) => told(sync, {}, { kind }))],
  [
    "every kind set aside",
    KINDS.map((kind, sync) => told(sync, {}, { kind, isDeadLettered: true })),
  ],
  [
    "what other records told",
    [
      told(0, { offset: 3 }),
      told(1, { offset: 3 }),
      told(12, { time: 9 }),
      told(13, { changeId: "0/3" }),
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
      told(1, { key: HARD, changeId: HARD }, { id: "%" }),
      told(2, {}, { id: HARD, isDeadLettered: true }),
    ],
  ],
];

for (const [title, all] of CASES) {
  s(`should give back ${title}`, () => {
    assert.equal(bySync(decodeLastMessages(encodeLastMessages(all, ROW), ROW)), all);
  });

  s(`should stay the same when the row moves on: ${title}`, () => {
    const text = carryLastMessages({ ...ROW, lastMessages: encodeLastMessages(all, ROW) });
    assert.equal(bySync(decodeLastMessages(text, NEXT)), all);
    assert.is(
      carryLastMessages({ ...NEXT, lastMessages: text }),
      text,
      "what others told is told by them still",
    );
  });
}

s("should forget what a sync told before, and of no other one", () => {
  const lastMessages = encodeLastMessages([told(1), told(11, { offset: 3 }), told(2)], ROW);
  const text = carryLastMessages({ ...ROW, lastMessages });
  const by = { offset: 8, time: NEXT.time, changeId: NEXT.sourcePosition };
  const now = [told(1, by, { kind: "changed" })];
  const after = [now[0] as LastMessage, told(2), told(11, { offset: 3 })];
  assert.equal(bySync(decodeLastMessages(withLastMessages(text, now, NEXT), NEXT)), after);
  const both = withLastMessages(text, [told(1, by), told(2, by)], NEXT);
  assert.equal(bySync(decodeLastMessages(both, NEXT)), [
    told(1, by),
    told(2, by),
    told(11, { offset: 3 }),
  ]);
  assert.is(withLastMessages(text, [], NEXT), text);
});

s(
  "should know a row's own record by its place too: a removal may be told from another partition",
  () => {
    const by = { ...OWN, partition: 3 };
    assert.equal(decodeLastMessages(withLastMessages("", [told(0, by)], ROW), ROW), [told(0, by)]);
    const unplaced = { ...ROW, sourcePosition: null };
    const record = { ...OWN, changeId: "0/7" };
    assert.equal(decodeLastMessages(withLastMessages("", [told(0, record)], unplaced), unplaced), [
      told(0, record),
    ]);
  },
);

s("should keep the key and partition that a row had, when it goes to others", () => {
  const text = encodeLastMessages([told(0), told(1, { key: "[1]", partition: 5 })], ROW);
  assert.equal(lastMessagesForOtherKey(text, ROW, { key: "[2]", partition: 4 }), [
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
    assert.is(tableOverride(topic, table), written);
    assert.is(tableOf(topic, { ...OWN, table: written }), table);
  }
});

s("should give back any, in a text that goes through JSON", () => {
  const teller = fc.record(
    {
      offset: fc.maxSafeNat(),
      time: fc.nat(2_000_000_000_000),
      changeId: fc.oneof(fc.constant(ROW.sourcePosition), fc.string({ unit: "binary" })),
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
      isDeadLettered: fc.boolean(),
      source: fc.oneof(fc.constant(OWN), teller),
    },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(fc.array(one), (some) => {
      const all = some.map((rest, sync): LastMessage => ({ sync, ...rest }));
      const text = JSON.parse(JSON.stringify(encodeLastMessages(all, ROW)));
      assert.equal(bySync(decodeLastMessages(text, ROW)), all);
    }),
    { numRuns: 500 },
  );
});

s(
  "should be short: of two syncs less than 10 characters, and less than 70 once the row has moved on",
  () => {
    const text = encodeLastMessages([told(0), told(1, {}, { kind: "changed" })], ROW);
    assert.ok(text.length < 10, text);
    assert.ok(
      carryLastMessages({ ...ROW, lastMessages: text }).length < 70,
      carryLastMessages({ ...ROW, lastMessages: text }),
    );
  },
);

function bySync(all: readonly LastMessage[]): readonly LastMessage[] {
  return all.toSorted((a, b) => a.sync - b.sync);
}

s.run();
