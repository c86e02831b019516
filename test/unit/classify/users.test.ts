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
  reasons,
  storedOf,
  syncOf,
} from "../../support/classify.ts";

const s = suite("classify: rows with and without a user");

const NO_USER: Row = { ...PRO, user: null };
const UNKNOWN = storedOf({ row: NO_USER, members: [] });

s("should store a row without a user as no member and refuse it once for each sync", () => {
  const models = [
    everyone(
      syncOf({ name: "a", number: 0 }),
      syncOf({ name: "b", number: 1 }),
      syncOf({ name: "by id", number: 2, user: () => ({ userId: "1" }) }),
    ),
  ];
  const outcome = outcomeOf(null, eventOf({ operation: "create", row: NO_USER }), models);
  assert.equal(
    outcome.rejections.map(({ by, error }) => [by, error.code]),
    [
      ["a", "MISSING_USER"],
      ["b", "MISSING_USER"],
    ],
  );
  assert.equal(outcome.stored?.row, NO_USER);
  assert.equal(outcome.stored?.members, [2]);
  assert.equal(
    outcome.changes.map(({ sync, reason }) => [sync.name, reason]),
    [["by id", "added"]],
  );
});

s("should not refuse a row outside the filter for want of a user", () => {
  const outcome = outcomeOf(null, eventOf({ row: { ...FREE, user: null } }));
  assert.equal(outcome.rejections, []);
});

s("should not refuse the same row again when it is read again", () => {
  const outcome = outcomeOf(UNKNOWN, eventOf({ operation: "read", row: { ...NO_USER } }));
  assert.equal(outcome.rejections, []);
});

s("should refuse a changed row that still has no user", () => {
  const outcome = outcomeOf(UNKNOWN, eventOf({ row: { ...NO_USER, email: "b@x" } }));
  assert.equal(outcome.rejections.length, 1);
  assert.equal(reasons(outcome), []);
});

s("should refuse nothing where missing users are ignored", () => {
  const model = everyone(syncOf({ missingUser: () => null }));
  const outcome = outcomeOf(null, eventOf({ row: NO_USER }), [model]);
  assert.equal(outcome.rejections, []);
  assert.equal(outcome.stored?.members, []);
});

s("should add a row that gets its user later", () => {
  const outcome = outcomeOf(UNKNOWN, eventOf());
  assert.equal(reasons(outcome), ["added"]);
  assert.equal(outcome.stored?.members, [0]);
});

s("should remove a row whose user changed to none, with the previous row", () => {
  const outcome = outcomeOf(storedOf(), eventOf({ row: NO_USER }));
  assert.equal(reasons(outcome), ["removed"]);
  assert.equal(outcome.changes[0]?.previous, PRO);
  assert.equal(outcome.stored?.members, []);
});

s("should say nothing of the delete of a row that never had a user", () => {
  const outcome = outcomeOf(UNKNOWN, deleteOf());
  assert.equal(reasons(outcome), []);
  assert.equal(outcome.rejections, []);
});

s("should tell a change of the user as one change with both rows", () => {
  const next = { ...PRO, user: "u2" };
  const outcome = outcomeOf(storedOf(), eventOf({ row: next }));
  assert.equal(reasons(outcome), ["changed"]);
  assert.equal([outcome.changes[0]?.previous, outcome.changes[0]?.next], [PRO, next]);
});

s.run();
