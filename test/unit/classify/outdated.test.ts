import { suite } from "uvu";
import * as assert from "uvu/assert";
import { isOutdated } from "../../../src/classify/staleness.ts";
import type { RowEvent } from "../../../src/data/event.ts";
import type { StoredRow } from "../../../src/data/stored-row.ts";

const s = suite("classify: a row that has moved on since its record was set aside");

type Place = { readonly offset: number; readonly lsn: number | null; readonly time: number };
const at = (offset: number, lsn: number | null, time = lsn ?? offset): Place => ({
  offset,
  lsn,
  time,
});
const positionOf = ({ lsn }: Place) => (lsn === null ? null : `pg|${String(lsn).padStart(5, "0")}`);

const CASES: readonly [
  title: string,
  stored: Place | null,
  deadLetter: Place,
  keyChange: boolean,
][] = [
  ["the row was never seen", null, at(5, 50), false],
  ["the store has an older version", at(3, 30), at(5, 50), false],
  ["the store has this very record", at(5, 50), at(5, 50), false],
  ["the store has a newer version", at(7, 70), at(5, 50), true],
  ["the letter is a redelivery of what is older", at(5, 50), at(8, 30), true],
  ["an older version was redelivered after it", at(9, 30), at(5, 50), false],
  ["this very version was redelivered, and taken", at(9, 50), at(5, 50), true],
  ["no places are known, and the store's is from before", at(3, null), at(5, null), false],
  ["no places are known, and the store's is from later", at(7, null), at(5, null), true],
  ["a read without a place came later", at(7, 30, 30), at(5, null, 50), true],
  ["a restored server went on from a lower place", at(7, 40, 90), at(5, 50, 50), true],
  ["the letter is of a restored server", at(3, 50, 50), at(5, 40, 90), false],
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
