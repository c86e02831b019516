import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { RowEvent } from "../../../src/data/event.ts";
import type { Row } from "../../../src/data/row.ts";
import type { StoredRow } from "../../../src/data/stored-row.ts";
import {
  deleteOf,
  eventOf,
  everyone,
  FREE,
  kinds,
  lsn,
  outcomeOf,
  PRO,
  paying,
  STREAMING,
  storedOf,
  syncOf,
} from "../../support/classify.ts";

const s = suite("classify: the table of changes");

const LEFT = storedOf({ row: FREE, members: [] });
const MOVED: Row = { ...PRO, email: "b@x" };

type Case = {
  readonly title: string;
  readonly stored: StoredRow | null;
  readonly event: RowEvent;
  readonly kinds: readonly string[];
  readonly members: readonly number[] | null;
  readonly unchanged?: number;
};

const TABLE: readonly Case[] = [
  // P no member, N member: added
  {
    title: "add a new row",
    stored: null,
    event: eventOf({ operation: "create" }),
    kinds: ["added"],
    members: [0],
  },
  {
    title: "add a row that enters the filter",
    stored: LEFT,
    event: eventOf(),
    kinds: ["added"],
    members: [0],
  },
  {
    title: "add a row that comes back after its removal",
    stored: storedOf({ row: null, members: [] }),
    event: eventOf({ operation: "create" }),
    kinds: ["added"],
    members: [0],
  },
  // P member, N no member: removed
  {
    title: "remove a deleted row",
    stored: storedOf(),
    event: deleteOf(),
    kinds: ["removed"],
    members: [],
  },
  {
    title: "remove a row that leaves the filter",
    stored: storedOf(),
    event: eventOf({ row: FREE }),
    kinds: ["removed"],
    members: [],
  },
  {
    title: "remove by a tombstone, which has no position",
    stored: storedOf(),
    event: deleteOf({ sourcePosition: null }),
    kinds: ["removed"],
    members: [],
  },
  // both: changed if a watched column differs
  {
    title: "change a row of which a watched column differs",
    stored: storedOf(),
    event: eventOf({ row: MOVED }),
    kinds: ["changed"],
    members: [0],
  },
  {
    title: "count a call not made where nothing watched differs",
    stored: storedOf(),
    event: eventOf({ row: { ...PRO, plan: "team" } }),
    kinds: [],
    members: [0],
    unchanged: 1,
  },
  // neither: nothing
  {
    title: "say nothing of a new row outside the filter",
    stored: null,
    event: eventOf({ operation: "create", row: FREE }),
    kinds: [],
    members: [],
  },
  {
    title: "say nothing of a change outside the filter",
    stored: LEFT,
    event: eventOf({ row: { ...FREE, email: "b@x" } }),
    kinds: [],
    members: [],
  },
  {
    title: "say nothing of a delete outside the filter",
    stored: LEFT,
    event: deleteOf(),
    kinds: [],
    members: [],
  },
  {
    title: "say nothing of a second delete",
    stored: storedOf({ row: null, members: [] }),
    event: deleteOf(),
    kinds: [],
    members: [],
  },
  {
    title: "say nothing of a delete of a row never seen",
    stored: null,
    event: deleteOf(),
    kinds: [],
    members: [],
  },
];

for (const { title, stored, event, kinds: expected, members, unchanged = 0 } of TABLE) {
  s(`should ${title}`, () => {
    const outcome = outcomeOf(stored, event);
    assert.equal(kinds(outcome), expected);
    assert.equal(outcome.stored?.members ?? null, members);
    assert.is(outcome.unchanged.length, unchanged);
    assert.equal(outcome.rejections, []);
  });
}

s(
  "should give a removal the previous row, and the next one where the row only left the filter",
  () => {
    const [left] = outcomeOf(storedOf(), eventOf({ row: FREE })).changes;
    assert.equal([left?.previous, left?.next], [PRO, FREE]);
    const [gone] = outcomeOf(storedOf(), deleteOf()).changes;
    assert.equal([gone?.previous, gone?.next], [PRO, null]);
  },
);

s("should take the previous membership from the store, not compute it again", () => {
  // The stored row would pass the filter today, but was written as no member.
  const stored = storedOf({ members: [] });
  assert.equal(kinds(outcomeOf(stored, eventOf())), ["added"]);
});

s("should send nothing for a repeated snapshot of an unchanged row", () => {
  const outcome = outcomeOf(storedOf(), eventOf({ operation: "read", row: { ...PRO } }));
  assert.equal(kinds(outcome), []);
  assert.is(outcome.unchanged.length, 1);
});

s("should tell a change that a repeated snapshot shows", () => {
  assert.equal(kinds(outcomeOf(storedOf(), eventOf({ operation: "read", row: MOVED }))), [
    "changed",
  ]);
});

s("should decide for every sync of every model by itself, in their order", () => {
  const models = [
    paying(syncOf({ name: "a", number: 0 }), syncOf({ name: "b", number: 1, watched: ["plan"] })),
    everyone(syncOf({ name: "c", number: 2, watched: "*" })),
  ];
  const outcome = outcomeOf(storedOf({ members: [0, 1, 2] }), eventOf({ row: FREE }), models);
  assert.equal(
    outcome.changes.map(({ sync, kind }) => [sync.name, kind]),
    [
      ["a", "removed"],
      ["b", "removed"],
      ["c", "changed"],
    ],
  );
  assert.equal(outcome.stored?.members, [2]);
});

s("should store the row with its offset, position and commit time", () => {
  const { stored } = outcomeOf(storedOf(), eventOf({ row: MOVED }));
  assert.equal(stored, {
    row: MOVED,
    offset: 100,
    sourcePosition: lsn(20),
    time: 20_000,
    members: [0],
    since: [5_000],
    pinned: [],
    unknown: [],
    lastMessages: "",
  });
});

s("should keep since when each sync counts the row", () => {
  const sync = syncOf({ number: 3 });
  const models = [paying(sync)];
  const added = outcomeOf(null, eventOf({ row: PRO, time: 20_000 }), models).stored;
  assert.equal([added?.members, added?.since], [[3], [20_000]]);
  const changed = outcomeOf(added, eventOf({ row: MOVED, time: 30_000 }), models).stored;
  assert.equal(changed?.since, [20_000]);
  const left = outcomeOf(changed, eventOf({ row: FREE, time: 40_000 }), models).stored;
  assert.equal([left?.members, left?.since], [[], []]);
  const back = outcomeOf(left, eventOf({ row: PRO, time: 50_000 }), models).stored;
  assert.equal(back?.since, [50_000]);
  const other = syncOf({ number: 5, name: "other" });
  const both = outcomeOf(back, eventOf({ row: PRO, time: 60_000 }), [paying(sync, other)]).stored;
  assert.equal(
    [both?.members, both?.since],
    [
      [3, 5],
      [50_000, 60_000],
    ],
  );
});

s("should not know since when, where the store never saw the row begin", () => {
  const before = outcomeOf(null, eventOf({ row: MOVED, before: PRO })).stored;
  assert.equal([before?.members, before?.since], [[0], [0]]);
  const recordContext = { ...STREAMING, keyChanged: true };
  const moved = outcomeOf(null, eventOf({ row: PRO }), [paying(syncOf())], recordContext).stored;
  assert.equal([moved?.members, moved?.since], [[0], [0]]);
});

s("should take along what was told, with the place of the record that told it", () => {
  const stored = storedOf({ lastMessages: "i0" });
  const changeId = `1,10000,${lsn(10)}`;
  assert.is(outcomeOf(stored, eventOf()).stored?.lastMessages, `;i0@${changeId}`);
  const removed = outcomeOf(stored, eventOf({ operation: "delete", row: null })).stored;
  assert.is(removed?.lastMessages, `;i0@${changeId}`, "a deletion mark has it too");
});

s.run();
