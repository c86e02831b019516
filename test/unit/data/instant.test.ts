import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { instantText, isoText, parseInstant } from "../../../src/data/instant.ts";

const instants = suite("instants in text, as JavaScript's own calendar has them");

const LAST_MS = 8_640_000_000_000_000;
const anyMs = fc.oneof(
  fc.integer({ min: -LAST_MS, max: LAST_MS }),
  fc.integer({ min: 0, max: 4e12 }),
  // The last and the first moments of a day.
  fc.integer({ min: -40_000, max: 40_000 }).map((day) => day * 86_400_000 - 1),
);

instants("should be those of Date, day after day", () => {
  fc.assert(
    fc.property(fc.array(anyMs, { minLength: 1, maxLength: 5 }), (times) => {
      for (const ms of times) assert.is(isoText(ms), new Date(ms).toISOString());
    }),
    { numRuns: 2_000 },
  );
});

instants("should keep the digits below a millisecond, of numbers and of big integers", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -4e12, max: 4e12 }),
      fc.integer({ min: 1, max: 999 }),
      (ms, us) => {
        const expected = new Date(ms).toISOString().replace("Z", "");
        const digits = String(us).padStart(3, "0").replace(/0+$/, "");
        const count = ms * 1_000 + us;
        assert.is(instantText(count, "us"), `${expected}${digits}Z`);
        assert.is(instantText(BigInt(count) * 1_000n, "ns"), `${expected}${digits}Z`);
      },
    ),
    { numRuns: 2_000 },
  );
});

instants("should read what Date writes, with whatever digits behind the second", () => {
  const digits = fc.stringMatching(/^\d{1,9}$/);
  fc.assert(
    fc.property(fc.integer({ min: -6e13, max: 2e14 }), digits, (ms, fraction) => {
      const seconds = new Date(ms).toISOString().slice(0, -5);
      assert.is(parseInstant(`${seconds}Z`), `${seconds}.000Z`);
      const retained = fraction.replace(/0+$/, "").padEnd(3, "0");
      assert.is(parseInstant(`${seconds}.${fraction}Z`), `${seconds}.${retained}Z`);
    }),
    { numRuns: 2_000 },
  );
});

for (const text of [
  "2026-02-30T00:00:00Z",
  "2026-13-01T00:00:00Z",
  "2026-01-01T25:00:00Z",
  "2026-00-01T00:00:00Z",
])
  instants(`should not take ${text} for an instant`, () => assert.is(parseInstant(text), null));

instants.run();
