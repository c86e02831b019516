import { suite } from "uvu";
import * as assert from "uvu/assert";
import { isOutdated } from "../../../src/classify/staleness.ts";
import type { RowEvent } from "../../../src/data/event.ts";
import type { StoredRow } from "../../../src/data/stored-row.ts";

const s = suite("classify: a row that changed after its record was dead-lettered");

type Version = { readonly offset: number; readonly lsn: number | null; readonly time: number };
const offset = (offset: number, lsn: number | null, time = lsn ?? offset): Version => ({
  offset,
  lsn,
  time,
});
const positionOf = ({ lsn }: Version) =>
  lsn === null ? null : `pg|${String(lsn).padStart(5, "0")}`;

const CASES: readonly [
  title: string,
  stored: Version | null,
  deadLetter: Version,
  keyChange: boolean,
][] = [
  ["the row was never seen", null, offset(5, 50), false],
  ["the store has an older version", offset(3, 30), offset(5, 50), false],
  ["the store has this very record", offset(5, 50), offset(5, 50), false],
  ["the store has a newer version", offset(7, 70), offset(5, 50), true],
  ["the dead letter is a redelivery of an older version", offset(5, 50), offset(8, 30), true],
  ["an older version was redelivered after it", offset(9, 30), offset(5, 50), false],
  ["this very version was redelivered, and taken", offset(9, 50), offset(5, 50), true],
  ["no places are known, and the store's is from before", offset(3, null), offset(5, null), false],
  ["no places are known, and the store's is from later", offset(7, null), offset(5, null), true],
  ["a read without a place came later", offset(7, 30, 30), offset(5, null, 50), true],
  ["a restored server went on from a lower place", offset(7, 40, 90), offset(5, 50, 50), true],
  ["the dead letter is of a restored server", offset(3, 50, 50), offset(5, 40, 90), false],
];

for (const [title, stored, deadLetter, moved] of CASES) {
  s(`should ${moved ? "" : "not "}be so where ${title}`, () => {
    const row = stored && {
      offset: stored.offset,
      sourcePosition: positionOf(stored),
      time: stored.time,
    };
    const { time } = deadLetter;
    const event = { sourcePosition: positionOf(deadLetter), time, isCommitTime: true } as RowEvent;
    assert.is(isOutdated(row as StoredRow | null, event, deadLetter.offset), moved);
  });
}

s.run();
