import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Gate } from "../../../src/deliver/rate-limiter.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";

const s = suite("deliver: the gate that a rate limit closes");

/** Watches whether somebody who waits at the gate has come through. */
function waiting(gate: Gate, signal = new AbortController().signal) {
  const watch = { through: false };
  void gate.open(signal).then(() => {
    watch.through = true;
  });
  return watch;
}

s("should be open at first", async () => {
  const clock = new VirtualClock();
  const watch = waiting(new Gate(clock));
  await clock.advance(0);
  assert.ok(watch.through);
});

s("should hold everybody back until its time has passed, and not longer", async () => {
  const clock = new VirtualClock();
  const gate = new Gate(clock);
  gate.closeFor(1_000);
  const [a, b] = [waiting(gate), waiting(gate)];
  await clock.advance(999);
  assert.equal([a.through, b.through], [false, false]);
  await clock.advance(1);
  assert.equal([a.through, b.through], [true, true]);
});

s("should keep to the longest time that it was closed for", async () => {
  const clock = new VirtualClock();
  const gate = new Gate(clock);
  gate.closeFor(1_000);
  gate.closeFor(10);
  const watch = waiting(gate);
  await clock.advance(500);
  gate.closeFor(2_000);
  await clock.advance(1_999);
  assert.not(watch.through);
  await clock.advance(1);
  assert.ok(watch.through);
});

s("should let go whoever gives up", async () => {
  const clock = new VirtualClock();
  const gate = new Gate(clock);
  const giveUp = new AbortController();
  gate.closeFor(1_000);
  const watch = waiting(gate, giveUp.signal);
  giveUp.abort();
  await clock.advance(0);
  assert.ok(watch.through);
  assert.is(clock.sleeping, 0);
});

s("should say how long it was closed, what is still to come not included", async () => {
  const clock = new VirtualClock();
  const gate = new Gate(clock);
  assert.equal(gate.standing, { wait_ms: 0, closed_ms: 0 });
  gate.closeFor(1_000);
  await clock.advance(400);
  assert.equal(gate.standing, { wait_ms: 600, closed_ms: 400 });
  // Closed for longer, and then for less: both overlap with what was asked for before.
  gate.closeFor(2_000);
  gate.closeFor(100);
  assert.equal(gate.standing, { wait_ms: 2_000, closed_ms: 400 });
  await clock.advance(10_000);
  assert.equal(gate.standing, { wait_ms: 0, closed_ms: 2_400 });
  gate.closeFor(500);
  await clock.advance(500);
  assert.equal(gate.standing, { wait_ms: 0, closed_ms: 2_900 });
});

s.run();
