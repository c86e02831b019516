import { suite } from "uvu";
import * as assert from "uvu/assert";
import { CdcError } from "../../../src/lib/errors.ts";
import { RecentDeadLetters, type RejectedRecord } from "../../../src/status/recent-dead-letters.ts";

const s = suite("status: the latest dead letters");

const MAX_DEAD_LETTERS = 200;
const NOW = 1_700_000_010_000;

const deadLetter = (offset: number): RejectedRecord => ({
  record: { topic: "users", partition: 1, offset },
  error: new CdcError("MISSING_KEY", `no key ${offset}`),
});
/** Descending offsets. */
const down = (from: number, to: number) =>
  Array.from({ length: from - to + 1 }, (_, i) => from - i);

s("should list time, code, reason, sync and offset of each", () => {
  const recent = new RecentDeadLetters();
  const error = new CdcError("REFUSED_BY_SEGMENT", "HTTP 400");
  const message = JSON.stringify({ messageId: "m8", userId: "u8" });
  recent.add([deadLetter(7)], NOW);
  recent.add([{ ...deadLetter(8), error, by: "lifecycle", message }], NOW + 1_500);
  assert.equal(recent.list(), [
    {
      ...{ time: "2023-11-14T22:13:31.500Z", code: "REFUSED_BY_SEGMENT", reason: "HTTP 400" },
      ...{ rejectedBy: "lifecycle", messageId: "m8", topic: "users", partition: 1, offset: 8 },
    },
    {
      ...{ time: "2023-11-14T22:13:30.000Z", code: "MISSING_KEY", reason: "no key 7" },
      ...{ rejectedBy: null, messageId: null, topic: "users", partition: 1, offset: 7 },
    },
  ]);
});

s("should retain the latest 200, newest first, added one by one or many at once", () => {
  const byOne = new RecentDeadLetters();
  for (let offset = 0; offset < 250; offset += 1) byOne.add([deadLetter(offset)], NOW);
  const together = new RecentDeadLetters();
  together.add(
    Array.from({ length: 250 }, (_, offset) => deadLetter(offset)),
    NOW,
  );
  const inParts = new RecentDeadLetters();
  inParts.add([0, 1, 2].map(deadLetter), NOW);
  inParts.add([3, 4].map(deadLetter), NOW);
  const offsets = (recent: RecentDeadLetters) => recent.list().map(({ offset }) => offset);
  assert.equal(offsets(byOne), down(249, 250 - MAX_DEAD_LETTERS));
  assert.equal(offsets(together), down(249, 250 - MAX_DEAD_LETTERS));
  assert.equal(offsets(inParts), down(4, 0));
});

s.run();
