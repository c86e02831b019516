import { suite } from "uvu";
import * as assert from "uvu/assert";
import { RateLimiter } from "../../../src/deliver/rate-limiter.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";

const s = suite("deliver: the gate that a rate limit closes");

/** Watches whether somebody who waits at the gate has come through. */
function waiting(rateLimiter: RateLimiter, signal = new AbortController().signal) {
  const watch = { through: false };
  void rateLimiter.ready(signal).then(() => {
    watch.through = true;
  });
  return watch;
}

s("should be open at first", async () => {
  const clock = new VirtualClock();
  const watch = waiting(new RateLimiter(clock));
  await clock.advance(0);
  assert.ok(watch.through);
});

s("should hold everybody back until its time has passed, and not longer", async () => {
  const clock = new VirtualClock();
  const rateLimiter = new RateLimiter(clock);
  rateLimiter.throttle(1_000);
  const [a, b] = [waiting(rateLimiter), waiting(rateLimiter)];
  await clock.advance(999);
  assert.equal([a.through, b.through], [false, false]);
  await clock.advance(1);
  assert.equal([a.through, b.through], [true, true]);
});

s("should keep to the longest time that it was closed for", async () => {
  const clock = new VirtualClock();
  const rateLimiter = new RateLimiter(clock);
  rateLimiter.throttle(1_000);
  rateLimiter.throttle(10);
  const watch = waiting(rateLimiter);
  await clock.advance(500);
  rateLimiter.throttle(2_000);
  await clock.advance(1_999);
  assert.not(watch.through);
  await clock.advance(1);
  assert.ok(watch.through);
});

s("should let go whoever gives up", async () => {
  const clock = new VirtualClock();
  const rateLimiter = new RateLimiter(clock);
  const giveUp = new AbortController();
  rateLimiter.throttle(1_000);
  const watch = waiting(rateLimiter, giveUp.signal);
  giveUp.abort();
  await clock.advance(0);
  assert.ok(watch.through);
  assert.is(clock.sleeping, 0);
});

s("should say how long it was closed, what is still to come not included", async () => {
  const clock = new VirtualClock();
  const rateLimiter = new RateLimiter(clock);
  assert.equal(rateLimiter.status, { wait_ms: 0, throttled_ms: 0 });
  rateLimiter.throttle(1_000);
  await clock.advance(400);
  assert.equal(rateLimiter.status, { wait_ms: 600, throttled_ms: 400 });
  // Closed for longer, and then for less: both overlap with what was asked for before.
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
