import { suite } from "uvu";
import * as assert from "uvu/assert";
import { FailureRatio } from "../../../src/dlq/failure-ratio.ts";

const s = suite("deliver: the part that is refused");

/** Adds one outcome per character, `x` for a rejection. @returns how many were added until the ratio was exceeded */
function tooManyAfter(limit: FailureRatio, kinds: string): number | null {
  for (const [i, kind] of [...kinds].entries()) if (limit.add(kind === "x")) return i + 1;
  return null;
}

const CASES: readonly [title: string, kinds: string, after: number | null][] = [
  ["every second one", ".x".repeat(20), 10],
  ["every second one, the refused first", "x.".repeat(20), 9],
  ["every one", "x".repeat(20), 5],
  ["just below", "x..x..x..x".repeat(20), null],
  ["a bad run that good ones follow", `${"x".repeat(4)}${".".repeat(10)}`.repeat(5), null],
  ["two bad runs apart in a window", `xxxx.....x`, 10],
  ["two bad runs with a window between", `xxxx${".".repeat(10)}xxxx`, null],
  ["none", ".".repeat(100), null],
];

for (const [title, kinds, after] of CASES) {
  s(`should be ${after === null ? "content" : `too much after ${after}`}: ${title}`, () => {
    assert.is(tooManyAfter(new FailureRatio({ ratio: 0.5, window: 10 }), kinds), after);
  });
}

s("should count many at once, and no more than the window of them", () => {
  const limit = new FailureRatio({ ratio: 0.5, window: 10 });
  assert.not(limit.add(true, 4));
  assert.is(limit.rejected, 4);
  limit.add(false, 1_000_000_000);
  assert.is(limit.rejected, 0);
  assert.ok(limit.add(true, 5));
});

s("should never be content with more than one of a window of one", () => {
  assert.ok(new FailureRatio({ ratio: 1, window: 1 }).add(true));
});

s.run();
