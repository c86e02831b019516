import { suite } from "uvu";
import * as assert from "uvu/assert";
import { CdcError } from "../../../src/lib/errors.ts";
import { type Letter, RecentLetters } from "../../../src/status/recent-dead-letters.ts";

const s = suite("telemetry: the latest dead letters");

const KEPT = 200;
const NOW = 1_700_000_010_000;

const letter = (offset: number): Letter => ({
  record: { topic: "users", partition: 1, offset },
  error: new CdcError("MISSING_KEY", `no key ${offset}`),
});
/** Offsets from one to another, falling. */
const down = (from: number, to: number) =>
  Array.from({ length: from - to + 1 }, (_, i) => from - i);

s("should say of each when, what, why, whose and whence", () => {
  const recent = new RecentLetters();
  const error = new CdcError("REFUSED_BY_SEGMENT", "HTTP 400");
  const message = JSON.stringify({ messageId: "m8", userId: "u8" });
  recent.setAside([letter(7)], NOW);
  recent.setAside([{ ...letter(8), error, by: "life", message }], NOW + 1_500);
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
  const byOne = new RecentLetters();
  for (let offset = 0; offset < 250; offset += 1) byOne.setAside([letter(offset)], NOW);
  const atOnce = new RecentLetters();
  atOnce.setAside(
    Array.from({ length: 250 }, (_, offset) => letter(offset)),
    NOW,
  );
  const inParts = new RecentLetters();
  inParts.setAside([0, 1, 2].map(letter), NOW);
  inParts.setAside([3, 4].map(letter), NOW);
  const offsets = (recent: RecentLetters) => recent.list().map(({ offset }) => offset);
  assert.equal(offsets(byOne), down(249, 250 - KEPT));
  assert.equal(offsets(atOnce), down(249, 250 - KEPT));
  assert.equal(offsets(inParts), down(4, 0));
});

s.run();
