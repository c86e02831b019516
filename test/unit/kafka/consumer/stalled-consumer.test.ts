import { suite } from "uvu";
import * as assert from "uvu/assert";
import { StallDetector } from "../../../../src/kafka/consumer/liveness.ts";
import { VirtualClock } from "../../../support/virtual-clock.ts";

const SILENCE_MS = 40_000;

const s = suite("the watchdog of a consumer");

s("should bark after a silence, and not before", async () => {
  const { clock, barked } = watched();
  await clock.advance(SILENCE_MS - 1);
  assert.is(barked(), false);
  await clock.advance(1);
  assert.is(barked(), true);
});

s("should not bark while there are signs, however rare they are", async () => {
  const { clock, dog, barked } = watched();
  for (let i = 0; i < 20; i += 1) {
    dog.seen();
    await clock.advance(SILENCE_MS / 2);
  }
  assert.is(barked(), false);
  await clock.advance(2 * SILENCE_MS);
  assert.is(barked(), true);
});

s("should not bark where there is nothing to fetch, nor at once when there is again", async () => {
  let isFetching = false;
  const { clock, barked } = watched(() => isFetching);
  await clock.advance(10 * SILENCE_MS);
  assert.is(barked(), false);
  isFetching = true;
  await clock.advance(SILENCE_MS / 2);
  assert.is(barked(), false);
  await clock.advance(SILENCE_MS);
  assert.is(barked(), true);
});

s("should not blame the consumer for a process that stood still", async () => {
  const { clock, dog, barked } = watched();
  // One look that comes late is one look.
  await clock.advance(SILENCE_MS / 4);
  dog.seen();
  await clock.advance(SILENCE_MS / 4);
  assert.is(barked(), false);
});

s("should end with its consumer", async () => {
  const { clock, session, barked } = watched();
  session.abort();
  await clock.advance(10 * SILENCE_MS);
  assert.is(barked(), false);
  assert.is(clock.sleeping, 0);
});

function watched(isFetching = () => true) {
  const clock = new VirtualClock();
  const session = new AbortController();
  const dog = new StallDetector(clock, SILENCE_MS, isFetching);
  let barks = false;
  void dog.stalled(session.signal).then((isSkipped) => {
    barks = isSkipped;
  });
  return { clock, session, dog, barked: () => barks };
}

s.run();
