import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  deleteOf,
  eventOf,
  everyone,
  FREE,
  outcomeOf,
  PRO,
  paying,
  reasons,
  skipReasons,
  storedOf,
  syncOf,
} from "../../support/classify.ts";

const s = suite("classify: where the previous row comes from");

const SKIP = [everyone(syncOf({ initialResults: "skip", boundary: 0 }))];
const MOVED = { ...PRO, email: "b@x" };

s("should take the stored row, whatever `before` says", () => {
  const madeUp = { id: 1, user: "", plan: "free", email: "" };
  const outcome = outcomeOf(storedOf(), deleteOf({ before: madeUp }));
  assert.equal(outcome.changes[0]?.previous, PRO);
});

s("should use a complete `before` for a row that the store has never seen: removed", () => {
  const outcome = outcomeOf(null, deleteOf({ before: PRO }), SKIP);
  assert.equal(reasons(outcome), ["removed"]);
  assert.equal(outcome.changes[0]?.previous, PRO);
});

s("should use a complete `before` for a row that the store has never seen: changed", () => {
  const outcome = outcomeOf(null, eventOf({ before: PRO, row: MOVED }), SKIP);
  assert.equal(reasons(outcome), ["changed"]);
  assert.equal(outcome.changes[0]?.previous, PRO);
});

s(
  "should use a complete `before` for a row that the store has never seen: unchanged, entered, left",
  () => {
    const models = [paying(syncOf())];
    const same = outcomeOf(null, eventOf({ before: PRO }), models);
    assert.equal([reasons(same), skipReasons(same)], [[], ["unchanged"]]);
    assert.equal(reasons(outcomeOf(null, eventOf({ before: FREE }), models)), ["added"]);
    assert.equal(reasons(outcomeOf(null, eventOf({ before: PRO, row: FREE }), models)), [
      "removed",
    ]);
  },
);

s("should not use `before` for a row that was removed", () => {
  const mark = storedOf({ row: null, members: [] });
  assert.equal(reasons(outcomeOf(mark, deleteOf({ before: PRO }))), []);
});

s("should say nothing where the filter cannot decide about `before`", () => {
  const planless = { id: 1, user: "u1" };
  const outcome = outcomeOf(null, deleteOf({ before: planless }));
  assert.equal(reasons(outcome), []);
  assert.equal(outcome.rejections, []);
});

s("should fill unavailable columns from the stored row", () => {
  const event = eventOf({
    row: { id: 1, user: "u1", plan: "team" },
    unavailable: ["email"],
  });
  const outcome = outcomeOf(storedOf(), event);
  assert.equal(outcome.stored?.row, { id: 1, user: "u1", plan: "team", email: "a@x" });
  assert.equal(reasons(outcome), [], "an unavailable column did not change");
});

s("should fill an unavailable column with NULL where that is its last value", () => {
  const stored = storedOf({ row: { ...PRO, email: null } });
  const event = eventOf({
    row: { id: 1, user: "u1", plan: "pro" },
    unavailable: ["email"],
  });
  assert.is(outcomeOf(stored, event).stored?.row?.email, null);
});

s("should fill unavailable columns from a complete `before`", () => {
  const event = eventOf({
    row: { id: 1, user: "u1", plan: "pro" },
    unavailable: ["email"],
    before: PRO,
  });
  assert.equal(outcomeOf(null, event).stored?.row, PRO);
});

s("should leave out an unavailable column without a known value, and name it as absent", () => {
  const seen: unknown[] = [];
  const model = {
    name: "m",
    matches: (_row: unknown, absent: ReadonlySet<string>) => seen.push([...absent]) > 0,
    syncs: [syncOf()],
  };
  const event = eventOf({ row: { id: 1, user: "u1" }, unavailable: ["email", "bio"] });
  const outcome = outcomeOf(null, event, [model]);
  assert.equal(seen, [["email", "bio"]]);
  assert.equal(outcome.stored?.row, { id: 1, user: "u1" });
  assert.equal([...(outcome.changes[0]?.absent ?? [])], ["email", "bio"]);
});

s("should not touch the event's own row when it fills", () => {
  const row = { id: 1, user: "u1", plan: "pro" };
  outcomeOf(storedOf(), eventOf({ row, unavailable: ["email"] }));
  assert.equal(row, { id: 1, user: "u1", plan: "pro" });
});

s("should forget a column that was dropped from the table", () => {
  const event = eventOf({ row: { id: 1, user: "u1", plan: "pro" } });
  assert.equal(outcomeOf(storedOf(), event).stored?.row, {
    id: 1,
    user: "u1",
    plan: "pro",
  });
});

s.run();
