import { suite } from "uvu";
import * as assert from "uvu/assert";
import { isStale } from "../../../src/classify/staleness.ts";
import { eventOf, lsn, outcomeOf, PRO, reasons, storedOf } from "../../support/classify.ts";

const s = suite("classify: stale records, positions and deletion marks");

const OLD = { ...PRO, email: "old@x" };

type Case = {
  readonly title: string;
  /** The stored row stands at LSN 10, second 10. */
  readonly sourcePosition: string | null;
  readonly time: number;
  readonly isStale: boolean;
  readonly reset?: boolean;
};

const TABLE: readonly Case[] = [
  {
    title: "an earlier position and an earlier time",
    sourcePosition: lsn(9),
    time: 9_000,
    isStale: true,
  },
  {
    title: "an earlier position and the same time",
    sourcePosition: lsn(9),
    time: 10_000,
    isStale: true,
  },
  {
    title: "an earlier position and a later time (a new or restored server)",
    sourcePosition: lsn(9),
    time: 10_001,
    isStale: false,
    reset: true,
  },
  {
    title: "the same position and time",
    sourcePosition: lsn(10),
    time: 10_000,
    isStale: false,
  },
  {
    title: "the same position and an earlier time",
    sourcePosition: lsn(10),
    time: 9_000,
    isStale: false,
  },
  {
    title: "a later position and an earlier time",
    sourcePosition: lsn(11),
    time: 9_000,
    isStale: false,
  },
  {
    title: "a later position and time",
    sourcePosition: lsn(11),
    time: 11_000,
    isStale: false,
  },
  { title: "no position", sourcePosition: null, time: 9_000, isStale: false },
  {
    title: "a position of another line, which cannot be compared",
    sourcePosition: "mysql:1:binlog|00000000000000000001",
    time: 9_000,
    isStale: false,
  },
];

for (const { title, sourcePosition, time, isStale: expected, reset = false } of TABLE) {
  s(`should ${expected ? "skip" : "apply"} a record with ${title}`, () => {
    const event = eventOf({ row: OLD, sourcePosition, time });
    assert.is(isStale(storedOf(), event), expected);
    if (expected) return;
    const outcome = outcomeOf(storedOf(), event);
    assert.is(outcome.sourcePositionReset, reset);
    assert.equal(reasons(outcome), ["changed"]);
    assert.equal(outcome.stored?.row, OLD);
  });
}

s("should go by the position alone where the commit time is not known", () => {
  const again = eventOf({ row: OLD, sourcePosition: lsn(9), time: 99_000, isCommitTime: false });
  assert.is(isStale(storedOf(), again), true);
  const next = eventOf({ row: OLD, sourcePosition: lsn(11), time: 1_000, isCommitTime: false });
  assert.is(isStale(storedOf(), next), false);
});

s("should take no record as stale where the stored row has no position", () => {
  const stored = storedOf({ sourcePosition: null });
  assert.is(isStale(stored, eventOf({ sourcePosition: lsn(1), time: 1 })), false);
});

s("should apply a record without a position and retain the stored position and time", () => {
  const { stored } = outcomeOf(
    storedOf(),
    eventOf({ row: OLD, sourcePosition: null, time: 99_000 }),
  );
  assert.equal(stored?.row, OLD);
  assert.is(stored?.offset, 100);
  assert.is(stored?.sourcePosition, lsn(10));
  assert.is(stored?.time, 10_000);
});

s("should keep the newer position after a reset", () => {
  const { stored } = outcomeOf(storedOf(), eventOf({ sourcePosition: lsn(2), time: 99_000 }));
  assert.is(stored?.sourcePosition, lsn(2));
  assert.is(stored?.time, 99_000);
});

s("should leave a deletion mark with position and offset and without columns", () => {
  const { stored } = outcomeOf(storedOf(), eventOf({ operation: "delete", row: null }));
  assert.equal(stored, {
    row: null,
    offset: 100,
    sourcePosition: lsn(20),
    time: 20_000,
    members: [],
    since: [],
    pinned: [],
    unknown: [],
  });
});

s("should keep records from before a removal stale", () => {
  const mark = storedOf({ row: null, members: [] });
  const late = eventOf({ operation: "create", sourcePosition: lsn(9), time: 9_000 });
  assert.is(isStale(mark, late), true);
});

s("should mark a removal of a row never seen, so that late records of it stay stale", () => {
  const { stored } = outcomeOf(null, eventOf({ operation: "delete", row: null }));
  assert.is(stored?.row, null);
  assert.is(stored?.sourcePosition, lsn(20));
});

s("should mark nothing for a tombstone of a row never seen", () => {
  const tombstone = eventOf({ operation: "delete", row: null, sourcePosition: null });
  assert.is(outcomeOf(null, tombstone).stored, null);
});

s("should keep the position of the row in the mark that a tombstone leaves", () => {
  const tombstone = eventOf({ operation: "delete", row: null, sourcePosition: null, time: 99_000 });
  const { stored } = outcomeOf(storedOf(), tombstone);
  assert.is(stored?.row, null);
  assert.is(stored?.sourcePosition, lsn(10));
  assert.is(stored?.time, 10_000);
});

s.run();
