import { suite } from "uvu";
import * as assert from "uvu/assert";
import { CdcError } from "../../../src/lib/errors.ts";
import { backoff_ms, type RetryOptions, retry } from "../../../src/lib/retry.ts";
import { flush, VirtualClock } from "../../support/virtual-clock.ts";

const s = suite("lib: retry");

/** Work that throws these errors, one a call, and then succeeds. */
function failing(errors: readonly unknown[], options: Partial<RetryOptions> = {}) {
  const left = [...errors];
  const clock = new VirtualClock();
  const retried: [unknown, number][] = [];
  const work = async () => {
    if (left.length > 0) throw left.shift();
    return "done";
  };
  const ended = retry(work, {
    clock,
    onRetry: (error, attempt) => retried.push([error, attempt]),
    ...options,
  }).catch((error) => error);
  return { ended, clock, retried };
}

s("should repeat the work until it succeeds, and report each failure", async () => {
  const { ended, clock, retried } = failing(["a", "b"]);
  await clock.advance(1_000);
  assert.is(await ended, "done");
  assert.equal(retried, [
    ["a", 0],
    ["b", 1],
  ]);
});

s("should wait before the next attempt", async () => {
  const { ended, clock } = failing(["a"]);
  let isDone = false;
  void ended.then(() => {
    isDone = true;
  });
  await clock.advance(99);
  assert.not(isDone);
  await clock.advance(101);
  assert.ok(isDone);
});

s("should throw a declared error at once", async () => {
  const error = new CdcError("TOPIC_MISSING", "no topic");
  const { ended, retried } = failing([error]);
  assert.is(await ended, error);
  assert.equal(retried, []);
});

s("should throw what the caller cannot retry at once", async () => {
  const { ended, retried } = failing(["a", "b"], { isRetryable: (error) => error === "a" });
  await flush();
  assert.equal(retried, [["a", 0]]);
  const { ended: second } = failing(["b"], { isRetryable: (error) => error === "a" });
  assert.is(await second, "b");
  void ended;
});

s("should end with the last failure when the signal is aborted", async () => {
  const stop = new AbortController();
  const { ended } = failing(["a", "b", "c"], { signal: stop.signal });
  await flush();
  stop.abort();
  assert.is(await ended, "b");
});

s("should double the wait up to 30 s, its upper half random", () => {
  assert.equal([backoff_ms(0, 0), backoff_ms(0, 1)], [100, 200]);
  assert.equal([backoff_ms(3, 0), backoff_ms(3, 1)], [800, 1_600]);
  assert.equal([backoff_ms(1_000, 0), backoff_ms(1_000, 1)], [15_000, 30_000]);
});

s.run();
