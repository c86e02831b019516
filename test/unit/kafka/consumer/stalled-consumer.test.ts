import { suite } from "uvu";
import * as assert from "uvu/assert";
import { StallDetector } from "../../../../src/kafka/consumer/liveness.ts";
import { VirtualClock } from "../../../support/virtual-clock.ts";

const STALL_TIMEOUT_MS = 40_000;

const s = suite("consumer: stall detector");

s("should report a stall after the timeout and not before", async () => {
  const { clock, isStalled } = watched();
  await clock.advance(STALL_TIMEOUT_MS - 1);
  assert.is(isStalled(), false);
  await clock.advance(1);
  assert.is(isStalled(), true);
});

s("should not report a stall while there is activity, however rare", async () => {
  const { clock, detector, isStalled } = watched();
  for (let i = 0; i < 20; i += 1) {
    detector.activity();
    await clock.advance(STALL_TIMEOUT_MS / 2);
  }
  assert.is(isStalled(), false);
  await clock.advance(2 * STALL_TIMEOUT_MS);
  assert.is(isStalled(), true);
});

s("should not report a stall while there is nothing to fetch, nor right after", async () => {
  let isFetching = false;
  const { clock, isStalled } = watched(() => isFetching);
  await clock.advance(10 * STALL_TIMEOUT_MS);
  assert.is(isStalled(), false);
  isFetching = true;
  await clock.advance(STALL_TIMEOUT_MS / 2);
  assert.is(isStalled(), false);
  await clock.advance(STALL_TIMEOUT_MS);
  assert.is(isStalled(), true);
});

s("should not report a stall after a pause of the whole process", async () => {
  const { clock, detector, isStalled } = watched();
  // A late check is one check.
  await clock.advance(STALL_TIMEOUT_MS / 4);
  detector.activity();
  await clock.advance(STALL_TIMEOUT_MS / 4);
  assert.is(isStalled(), false);
});

s("should end when aborted", async () => {
  const { clock, session, isStalled } = watched();
  session.abort();
  await clock.advance(10 * STALL_TIMEOUT_MS);
  assert.is(isStalled(), false);
  assert.is(clock.sleeping, 0);
});

function watched(isFetching = () => true) {
  const clock = new VirtualClock();
  const session = new AbortController();
  const detector = new StallDetector(clock, STALL_TIMEOUT_MS, isFetching);
  let stalled = false;
  void detector.stalled(session.signal).then((result) => {
    stalled = result;
  });
  return { clock, session, detector, isStalled: () => stalled };
}

s.run();
