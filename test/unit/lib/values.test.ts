import { suite } from "uvu";
import * as assert from "uvu/assert";
import { durationText } from "../../../src/lib/duration.ts";
import { setOwn } from "../../../src/lib/set-own.ts";
import { withTimeout } from "../../../src/lib/timeout.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";

const s = suite("lib: durations, properties, timeouts");

const DURATIONS: readonly (readonly [ms: number, text: string])[] = [
  [0, "0s"],
  [250, "250ms"],
  [1_500, "1s 500ms"],
  [80_000, "1m 20s"],
  [3_600_000, "1h"],
  [129_600_000, "1d 12h"],
  [604_800_000, "7d"],
];

for (const [ms, text] of DURATIONS) {
  s(`should write ${ms} ms as ${text}`, () => assert.is(durationText(ms), text));
}

s("should set a property named __proto__ as any other", () => {
  const row: { [name: string]: unknown } = {};
  setOwn(row, "id", 1);
  setOwn(row, "__proto__", { admin: true });
  assert.is(JSON.stringify(row), '{"id":1,"__proto__":{"admin":true}}');
  assert.is(Object.getPrototypeOf(row), Object.prototype);
});

const never = new Promise<never>(() => {});

s("should return the value of work that is done in the time", async () => {
  assert.equal(await withTimeout(10, new VirtualClock(), Promise.resolve(7)), { value: 7 });
});

s("should return null after the time, or when the signal is aborted", async () => {
  const clock = new VirtualClock();
  const late = withTimeout(10, clock, never);
  await clock.advance(10);
  assert.is(await late, null);
  assert.is(await withTimeout(10, clock, never, AbortSignal.abort()), null);
});

s("should reject with the failure of the work", async () => {
  const failed = withTimeout(10, new VirtualClock(), Promise.reject(new Error("broken")));
  assert.is(await failed.catch(({ message }) => message), "broken");
});

s.run();
