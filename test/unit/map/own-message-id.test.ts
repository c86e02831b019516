import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Value } from "../../../src/data/row.ts";
import type { SyncOptions } from "../../../src/map/sync.ts";
import { added, changed, mapped, removed } from "../../support/sync.ts";

const s = suite("map: a messageId column");

const row = (event_id: Value, id = 1) => ({ id, event_id });
const ids = (change: Parameters<typeof mapped>[1], type: SyncOptions["type"] = "track") =>
  mapped({ type, messageId: "event_id" }, change).messages.map(({ messageId }) => messageId);

const DERIVED = /^[\w-]{43}$/;

const OWN: readonly (readonly [title: string, value: Value, id: string])[] = [
  ["text as it stands", "e-1", "e-1"],
  ["text of 99 characters", "x".repeat(99), "x".repeat(99)],
  ["a number", 7, "7"],
  ["a number beyond 2^53", 9007199254740993n, "9007199254740993"],
];

for (const [title, value, id] of OWN) {
  s(`should use ${title}`, () => {
    assert.equal(ids(added(row(value))), [id]);
    assert.equal(ids(changed(row("before"), row(value))), [id]);
    assert.equal(ids(added(row(value)), "identify"), [id]);
    assert.equal(ids(added(row(value)), "track-entered-exited"), [id]);
  });
}

const NOT_OWN: readonly (readonly [title: string, change: Parameters<typeof mapped>[1]])[] = [
  ["is NULL", added(row(null))],
  ["is missing", added({ id: 1 })],
  ["is empty", added(row(""))],
  ["is longer than 99 characters", added(row("x".repeat(100)))],
  ["is what the previous row had", changed(row("e-1"), row("e-1"))],
  ["belongs to a row that was deleted", removed(row("e-1"))],
  ["belongs to a row that left the filter", removed(row("e-1"), row("e-2"))],
];

for (const [title, change] of NOT_OWN) {
  s(`should derive the id where the column ${title}`, () => {
    const [id = "", ...more] = ids(change);
    assert.match(id, DERIVED);
    assert.equal(more, []);
  });
}

s("should use it for Entered and derive it for Exited when the user changes", () => {
  const [exited = "", entered] = ids(changed(row("e-1"), row("e-2", 2)), "track-entered-exited");
  assert.match(exited, DERIVED);
  assert.is(entered, "e-2");
});

s(
  "should take a row that enters the filter again with the same value for the same event no more",
  () => {
    const again = { ...added(row("e-1")), previous: row("e-1") };
    assert.match(ids(again)[0] ?? "", DERIVED);
  },
);

s.run();
