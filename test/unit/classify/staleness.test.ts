import { suite } from "uvu";
import * as assert from "uvu/assert";
import { eventOf, kinds, lsn, outcomeOf, PRO, storedOf } from "../../support/classify.ts";

const s = suite("classify: stale records, positions and deletion marks");

const OLD = { ...PRO, email: "old@x" };

type Case = {
  readonly title: string;
  /** The stored row stands at LSN 10, second 10. */
  readonly sourcePosition: string | null;
  readonly time: number;
  readonly decision: "applied" | "stale";
  readonly reset?: boolean;
};

const TABLE: readonly Case[] = [
  {
    title: "an earlier position and an earlier time",
    sourcePosition: lsn(9),
    time: 9_000,
    decision: "stale",
  },
  {
    title: "an earlier position and the same time",
    sourcePosition: lsn(9),
    time: 10_000,
    decision: "stale",
  },
  {
    title: "an earlier position and a later time (a new or restored server)",
    sourcePosition: lsn(9),
    time: 10_001,
    decision: "applied",
    reset: true,
  },
  {
    title: "the same position and time",
    sourcePosition: lsn(10),
    time: 10_000,
    decision: "applied",
  },
  {
    title: "the same position and an earlier time",
    sourcePosition: lsn(10),
    time: 9_000,
    decision: "applied",
  },
  {
    title: "a later position and an earlier time",
    sourcePosition: lsn(11),
    time: 9_000,
    decision: "applied",
  },
  {
    title: "a later position and time",
    sourcePosition: lsn(11),
    time: 11_000,
    decision: "applied",
  },
  { title: "no position", sourcePosition: null, time: 9_000, decision: "applied" },
  {
    title: "a position of another line, which cannot be compared",
    sourcePosition: "mysql:1:binlog|00000000000000000001",
    time: 9_000,
    decision: "applied",
  },
];

for (const { title, sourcePosition, time, decision, reset = false } of TABLE) {
  s(`should take as ${decision} a record with ${title}`, () => {
    const outcome = outcomeOf(storedOf(), eventOf({ row: OLD, sourcePosition, time }));
    assert.is(outcome.decision, decision);
    assert.is(outcome.sourcePositionReset, reset);
    assert.equal(kinds(outcome), decision === "stale" ? [] : ["changed"]);
    assert.equal(outcome.stored?.row ?? null, decision === "stale" ? null : OLD);
  });
}

s("should go by the position alone where the commit time is not known", () => {
  const again = eventOf({ row: OLD, sourcePosition: lsn(9), time: 99_000, isCommitTime: false });
  assert.is(outcomeOf(storedOf(), again).decision, "stale");
  const next = eventOf({ row: OLD, sourcePosition: lsn(11), time: 1_000, isCommitTime: false });
  assert.is(outcomeOf(storedOf(), next).decision, "applied");
});

s("should take no record as stale where the stored row has no position", () => {
  const stored = storedOf({ sourcePosition: null });
  assert.is(outcomeOf(stored, eventOf({ sourcePosition: lsn(1), time: 1 })).decision, "applied");
});

s(
  "should apply a record without a position and leave the stored position and time standing",
  () => {
    const { stored } = outcomeOf(
      storedOf(),
      eventOf({ row: OLD, sourcePosition: null, time: 99_000 }),
    );
    assert.equal(stored?.row, OLD);
    assert.is(stored?.offset, 100);
    assert.is(stored?.sourcePosition, lsn(10));
    assert.is(stored?.time, 10_000);
  },
);

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
    lastMessages: "",
  });
});

s("should keep records from before a removal stale", () => {
  const mark = storedOf({ row: null, members: [] });
  const late = eventOf({ operation: "create", sourcePosition: lsn(9), time: 9_000 });
  assert.is(outcomeOf(mark, late).decision, "stale");
  assert.equal(kinds(outcomeOf(mark, late)), []);
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
