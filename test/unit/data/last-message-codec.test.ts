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

const s = suite("the last messages of a row, as text");

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
const lastMessage = (
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
  ["messages of the row's own record", [lastMessage(0), lastMessage(1, {}, { kind: "changed" })]],
  ["every kind", KINDS.map((kind, sync) => lastMessage(sync, {}, { kind }))],
  [
    "every kind, dead-lettered",
    KINDS.map((kind, sync) => lastMessage(sync, {}, { kind, isDeadLettered: true })),
  ],
  [
    "messages of other records",
    [
      lastMessage(0, { offset: 3 }),
      lastMessage(1, { offset: 3 }),
      lastMessage(12, { time: 9 }),
      lastMessage(13, { changeId: "0/3" }),
      lastMessage(14, { table: "routed" }),
      lastMessage(15, { table: "" }),
      lastMessage(16, { partition: 0 }),
      lastMessage(17, { key: '["org,1",7]' }),
      lastMessage(18, { offset: 3, table: "t", partition: 4, key: "[8]" }),
      lastMessage(19),
    ],
  ],
  [
    "whatever stands in names and ids",
    [
      lastMessage(0, { table: HARD }, { id: HARD }),
      lastMessage(1, { key: HARD, changeId: HARD }, { id: "%" }),
      lastMessage(2, {}, { id: HARD, isDeadLettered: true }),
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
      "messages of other records retain their source",
    );
  });
}

s("should replace the last message of a sync, and of no other sync", () => {
  const lastMessages = encodeLastMessages(
    [lastMessage(1), lastMessage(11, { offset: 3 }), lastMessage(2)],
    ROW,
  );
  const text = carryLastMessages({ ...ROW, lastMessages });
  const by = { offset: 8, time: NEXT.time, changeId: NEXT.sourcePosition };
  const now = [lastMessage(1, by, { kind: "changed" })];
  const after = [now[0] as LastMessage, lastMessage(2), lastMessage(11, { offset: 3 })];
  assert.equal(bySync(decodeLastMessages(withLastMessages(text, now, NEXT), NEXT)), after);
  const both = withLastMessages(text, [lastMessage(1, by), lastMessage(2, by)], NEXT);
  assert.equal(bySync(decodeLastMessages(both, NEXT)), [
    lastMessage(1, by),
    lastMessage(2, by),
    lastMessage(11, { offset: 3 }),
  ]);
  assert.is(withLastMessages(text, [], NEXT), text);
});

s(
  "should identify the row's own record by its change id too: a removal may come from another partition",
  () => {
    const by = { ...OWN, partition: 3 };
    assert.equal(decodeLastMessages(withLastMessages("", [lastMessage(0, by)], ROW), ROW), [
      lastMessage(0, by),
    ]);
    const unplaced = { ...ROW, sourcePosition: null };
    const record = { ...OWN, changeId: "0/7" };
    assert.equal(
      decodeLastMessages(withLastMessages("", [lastMessage(0, record)], unplaced), unplaced),
      [lastMessage(0, record)],
    );
  },
);

s("should keep the key and partition that a row had, when it goes to others", () => {
  const text = encodeLastMessages(
    [lastMessage(0), lastMessage(1, { key: "[1]", partition: 5 })],
    ROW,
  );
  assert.equal(lastMessagesForOtherKey(text, ROW, { key: "[2]", partition: 4 }), [
    lastMessage(0, { key: "[2]", partition: 4 }),
    lastMessage(1, { key: "[1]", partition: 5 }),
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
  const source = fc.record(
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
      source: fc.oneof(fc.constant(OWN), source),
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
  "should be short: of two syncs less than 10 characters, and less than 70 after a later record of the row",
  () => {
    const text = encodeLastMessages([lastMessage(0), lastMessage(1, {}, { kind: "changed" })], ROW);
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
