import { suite } from "uvu";
import * as assert from "uvu/assert";
import { CdcError } from "../../../src/lib/errors.ts";
import { type DeadLetterInfo, RecentDeadLetters } from "../../../src/status/recent-dead-letters.ts";

const s = suite("telemetry: the latest dead letters");

const KEPT = 200;
const NOW = 1_700_000_010_000;

const deadLetter = (offset: number): DeadLetterInfo => ({
  record: { topic: "users", partition: 1, offset },
  error: new CdcError("MISSING_KEY", `no key ${offset}`),
});
/** Offsets from one to another, falling. */
const down = (from: number, to: number) =>
  Array.from({ length: from - to + 1 }, (_, i) => from - i);

s("should say of each when, what, why, whose and whence", () => {
  const recent = new RecentDeadLetters();
  const error = new CdcError("REFUSED_BY_SEGMENT", "HTTP 400");
  const message = JSON.stringify({ messageId: "m8", userId: "u8" });
  recent.recordDeadLetter([deadLetter(7)], NOW);
  recent.recordDeadLetter([{ ...deadLetter(8), error, by: "life", message }], NOW + 1_500);
  assert.equal(recent.list(), [
    {
      ...{ at: "2023-11-14T22:13:31.500Z", code: "REFUSED_BY_SEGMENT", reason: "HTTP 400" },
      ...{ by: "life", messageId: "m8", topic: "users", partition: 1, offset: 8 },
    },
    {
      ...{ at: "2023-11-14T22:13:30.000Z", code: "MISSING_KEY", reason: "no key 7" },
      ...{ by: null, messageId: null, topic: "users", partition: 1, offset: 7 },
    },
  ]);
});

s("should keep the last 200, the newest first, come they one by one or many at once", () => {
  const byOne = new RecentDeadLetters();
  for (let offset = 0; offset < 250; offset += 1) byOne.recordDeadLetter([deadLetter(offset)], NOW);
  const atOnce = new RecentDeadLetters();
  atOnce.recordDeadLetter(
    Array.from({ length: 250 }, (_, offset) => deadLetter(offset)),
    NOW,
  );
  const inParts = new RecentDeadLetters();
  inParts.recordDeadLetter([0, 1, 2].map(deadLetter), NOW);
  inParts.recordDeadLetter([3, 4].map(deadLetter), NOW);
  const offsets = (recent: RecentDeadLetters) => recent.list().map(({ offset }) => offset);
  assert.equal(offsets(byOne), down(249, 250 - KEPT));
  assert.equal(offsets(atOnce), down(249, 250 - KEPT));
  assert.equal(offsets(inParts), down(4, 0));
});

s.run();
