import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Row } from "../../../src/data/row.ts";
import {
  deleteOf,
  eventOf,
  everyone,
  FREE,
  outcomeOf,
  PRO,
  paying,
  reasons,
  storedOf,
  syncOf,
} from "../../support/classify.ts";

const s = suite("classify: a filter that cannot decide");

/** No plan: the filter of the paying rows fails. */
const PLANLESS: Row = { id: 1, user: "u1", email: "b@x" };
const BOTH = [
  paying(syncOf({ name: "a", number: 0 })),
  everyone(syncOf({ name: "b", number: 1, watched: "*" })),
];

s("should refuse the record for the model and leave row and membership as they are", () => {
  const outcome = outcomeOf(storedOf(), eventOf({ row: PLANLESS }));
  assert.equal(
    outcome.rejections.map(({ by, error }) => [by, error.code]),
    [["paying", "FILTER_FAILED"]],
  );
  assert.is(outcome.stored, null);
  assert.equal(reasons(outcome), []);
});

s("should go on with the other models over the same row", () => {
  const outcome = outcomeOf(storedOf({ members: [0, 1] }), eventOf({ row: PLANLESS }), BOTH);
  assert.equal(outcome.rejections.length, 1);
  assert.equal(
    outcome.changes.map(({ sync, reason }) => [sync.name, reason]),
    [["b", "changed"]],
  );
  assert.equal(outcome.stored?.row, PLANLESS);
  assert.equal(outcome.stored?.members, [0, 1]);
});

s(
  "should send the next good row though it equals the stored one: Segment may hold an older one",
  () => {
    const rejected = outcomeOf(
      storedOf({ members: [0, 1] }),
      eventOf({ row: PLANLESS }),
      BOTH,
    ).stored;
    assert.equal(rejected?.pinned, [{ sync: 0, row: PRO }]);
    const stored = rejected && { ...rejected, lastMessages: "" };
    const outcome = outcomeOf(stored, eventOf({ row: { ...PLANLESS, plan: "pro" } }), BOTH);
    assert.equal(
      outcome.changes.map(({ sync, reason }) => [sync.name, reason]),
      [
        ["a", "changed"],
        ["b", "changed"],
      ],
    );
    assert.equal(outcome.stored?.pinned, []);
  },
);

s("should still remove a member that is behind, as it knew it", () => {
  const behind = storedOf({ row: PLANLESS, members: [0], pinned: [{ sync: 0, row: PRO }] });
  assert.equal(reasons(outcomeOf(behind, deleteOf())), ["removed"]);
  assert.equal(outcomeOf(behind, deleteOf()).changes[0]?.previous, PRO);
  assert.equal(reasons(outcomeOf(behind, eventOf({ row: FREE }))), ["removed"]);
});

s("should hold no row for a sync of which the row was no member", () => {
  const outcome = outcomeOf(
    storedOf({ row: FREE, members: [1] }),
    eventOf({ row: PLANLESS }),
    BOTH,
  );
  assert.equal(outcome.stored?.members, [1]);
  assert.equal(outcome.stored?.pinned, []);
});

s("should not ask the filter about a delete", () => {
  const outcome = outcomeOf(storedOf({ row: PLANLESS }), deleteOf());
  assert.equal(outcome.rejections, []);
  assert.equal(reasons(outcome), ["removed"]);
});

s("should let an error that is no refusal through", () => {
  const broken = { ...paying(syncOf()), matches: failing };
  assert.throws(() => outcomeOf(null, eventOf({ row: PRO }), [broken]), /a defect of ours/);
});

s.run();

function failing(): boolean {
  throw new TypeError("a defect of ours");
}
