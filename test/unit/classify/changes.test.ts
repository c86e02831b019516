import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { ClassifiedRow } from "../../../src/classify/decision.ts";
import type { RowEvent } from "../../../src/data/event.ts";
import type { Row } from "../../../src/data/row.ts";
import type { StoredRow } from "../../../src/data/stored-row.ts";
import {
  deleteOf,
  eventOf,
  everyone,
  FREE,
  lsn,
  outcomeOf,
  PRO,
  paying,
  reasons,
  STREAMING,
  skipReasons,
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
  readonly reasons: readonly string[];
  readonly members: readonly number[] | null;
  readonly skips?: readonly string[];
};

const TABLE: readonly Case[] = [
  // P no member, N member: added
  {
    title: "add a new row",
    stored: null,
    event: eventOf({ operation: "create" }),
    reasons: ["added"],
    members: [0],
  },
  {
    title: "add a row that enters the filter",
    stored: LEFT,
    event: eventOf(),
    reasons: ["added"],
    members: [0],
  },
  {
    title: "add a row that comes back after its removal",
    stored: storedOf({ row: null, members: [] }),
    event: eventOf({ operation: "create" }),
    reasons: ["added"],
    members: [0],
  },
  // P member, N no member: removed
  {
    title: "remove a deleted row",
    stored: storedOf(),
    event: deleteOf(),
    reasons: ["removed"],
    members: [],
  },
  {
    title: "remove a row that leaves the filter",
    stored: storedOf(),
    event: eventOf({ row: FREE }),
    reasons: ["removed"],
    members: [],
  },
  {
    title: "remove by a tombstone, which has no position",
    stored: storedOf(),
    event: deleteOf({ sourcePosition: null }),
    reasons: ["removed"],
    members: [],
  },
  // both: changed if a watched column differs
  {
    title: "change a row of which a watched column differs",
    stored: storedOf(),
    event: eventOf({ row: MOVED }),
    reasons: ["changed"],
    members: [0],
  },
  {
    title: "count a call not made where nothing watched differs",
    stored: storedOf(),
    event: eventOf({ row: { ...PRO, plan: "team" } }),
    reasons: [],
    members: [0],
    skips: ["unchanged"],
  },
  // neither: nothing
  {
    title: "say nothing of a new row outside the filter",
    stored: null,
    event: eventOf({ operation: "create", row: FREE }),
    reasons: [],
    members: [],
  },
  {
    title: "say nothing of a change outside the filter",
    stored: LEFT,
    event: eventOf({ row: { ...FREE, email: "b@x" } }),
    reasons: [],
    members: [],
  },
  {
    title: "say nothing of a delete outside the filter",
    stored: LEFT,
    event: deleteOf(),
    reasons: [],
    members: [],
  },
  {
    title: "say nothing of a second delete",
    stored: storedOf({ row: null, members: [] }),
    event: deleteOf(),
    reasons: [],
    members: [],
  },
  {
    title: "say nothing of a delete of a row never seen",
    stored: null,
    event: deleteOf(),
    reasons: [],
    members: [],
  },
];

for (const { title, stored, event, reasons: expected, members, skips } of TABLE) {
  s(`should ${title}`, () => {
    const outcome = outcomeOf(stored, event);
    assert.equal(reasons(outcome), expected);
    assert.equal(outcome.stored?.members ?? null, members);
    assert.equal(skipReasons(outcome), expected.length > 0 ? [] : (skips ?? ["notMember"]));
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
  assert.equal(reasons(outcomeOf(stored, eventOf())), ["added"]);
});

s("should send nothing for a repeated snapshot of an unchanged row", () => {
  const outcome = outcomeOf(storedOf(), eventOf({ operation: "read", row: { ...PRO } }));
  assert.equal(reasons(outcome), []);
  assert.equal(skipReasons(outcome), ["unchanged"]);
});

s("should tell a change that a repeated snapshot shows", () => {
  assert.equal(reasons(outcomeOf(storedOf(), eventOf({ operation: "read", row: MOVED }))), [
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
    outcome.changes.map(({ sync, reason }) => [sync.name, reason]),
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
  });
});

s("should keep since when each sync counts the row", () => {
  const sync = syncOf({ number: 3 });
  const models = [paying(sync)];
  const added = outcomeOf(null, eventOf({ row: PRO, time: 20_000 }), models).stored;
  assert.equal([added?.members, added?.since], [[3], [20_000]]);
  const changed = outcomeOf(next(added), eventOf({ row: MOVED, time: 30_000 }), models).stored;
  assert.equal(changed?.since, [20_000]);
  const left = outcomeOf(next(changed), eventOf({ row: FREE, time: 40_000 }), models).stored;
  assert.equal([left?.members, left?.since], [[], []]);
  const back = outcomeOf(next(left), eventOf({ row: PRO, time: 50_000 }), models).stored;
  assert.equal(back?.since, [50_000]);
  const other = syncOf({ number: 5, name: "other" });
  const both = outcomeOf(next(back), eventOf({ row: PRO, time: 60_000 }), [
    paying(sync, other),
  ]).stored;
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

s.run();

/** The row as the next record finds it. */
function next(row: ClassifiedRow | null): StoredRow | null {
  return row && { ...row, lastMessages: "" };
}
