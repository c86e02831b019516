import { suite } from "uvu";
import * as assert from "uvu/assert";
import { RateLimiter } from "../../../src/deliver/rate-limiter.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";

const s = suite("deliver: rate limiter");

/** Whether a waiting request may be sent. */
function waiting(rateLimiter: RateLimiter, signal = new AbortController().signal) {
  const waiter = { isReady: false };
  void rateLimiter.ready(signal).then(() => {
    waiter.isReady = true;
  });
  return waiter;
}

s("should not throttle at first", async () => {
  const clock = new VirtualClock();
  const waiter = waiting(new RateLimiter(clock));
  await clock.advance(0);
  assert.ok(waiter.isReady);
});

s("should delay every request until the time has passed, and no longer", async () => {
  const clock = new VirtualClock();
  const rateLimiter = new RateLimiter(clock);
  rateLimiter.throttle(1_000);
  const [a, b] = [waiting(rateLimiter), waiting(rateLimiter)];
  await clock.advance(999);
  assert.equal([a.isReady, b.isReady], [false, false]);
  await clock.advance(1);
  assert.equal([a.isReady, b.isReady], [true, true]);
});

s("should use the longest wait", async () => {
  const clock = new VirtualClock();
  const rateLimiter = new RateLimiter(clock);
  rateLimiter.throttle(1_000);
  rateLimiter.throttle(10);
  const waiter = waiting(rateLimiter);
  await clock.advance(500);
  rateLimiter.throttle(2_000);
  await clock.advance(1_999);
  assert.not(waiter.isReady);
  await clock.advance(1);
  assert.ok(waiter.isReady);
});

s("should stop waiting when the signal is aborted", async () => {
  const clock = new VirtualClock();
  const rateLimiter = new RateLimiter(clock);
  const stop = new AbortController();
  rateLimiter.throttle(1_000);
  const waiter = waiting(rateLimiter, stop.signal);
  stop.abort();
  await clock.advance(0);
  assert.ok(waiter.isReady);
  assert.is(clock.sleeping, 0);
});

s("should report the throttled time without what remains", async () => {
  const clock = new VirtualClock();
  const rateLimiter = new RateLimiter(clock);
  assert.equal(rateLimiter.status, { wait_ms: 0, throttled_ms: 0 });
  rateLimiter.throttle(1_000);
  await clock.advance(400);
  assert.equal(rateLimiter.status, { wait_ms: 600, throttled_ms: 400 });
  // A longer and a shorter wait: both overlap with the first.
  rateLimiter.throttle(2_000);
  rateLimiter.throttle(100);
  assert.equal(rateLimiter.status, { wait_ms: 2_000, throttled_ms: 400 });
  await clock.advance(10_000);
  assert.equal(rateLimiter.status, { wait_ms: 0, throttled_ms: 2_400 });
  rateLimiter.throttle(500);
  await clock.advance(500);
  assert.equal(rateLimiter.status, { wait_ms: 0, throttled_ms: 2_900 });
});

s.run();
