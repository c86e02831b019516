import { suite } from "uvu";
import * as assert from "uvu/assert";
import { FailureRatio } from "../../../src/dlq/failure-ratio.ts";
import type { CdcError } from "../../../src/lib/errors.ts";
import type { SegmentMessage } from "../../../src/map/sync.ts";
import { DeliveryQueueDriver } from "../../support/delivery-queue-driver.ts";

const s = suite("deliver: messages that Segment rejects");

const numbered = (count: number) => Array.from({ length: count }, (_, i) => `m${i}`);

/** Rejects every batch that contains one of the ids, as Segment does. */
function rejecting(status: number, ...bad: readonly string[]) {
  return (messages: readonly SegmentMessage[]) =>
    messages.some(({ messageId }) => bad.includes(messageId))
      ? { status, body: "bad event" }
      : { status: 200, body: "" };
}

for (const status of [400, 413]) {
  s(`should halve a batch rejected with ${status} to the one bad message`, async () => {
    const driver = new DeliveryQueueDriver();
    driver.segment.response = rejecting(status, "m37");
    driver.push(...numbered(100));
    await driver.queue.settled(100);
    assert.equal(
      driver.taken,
      numbered(100).filter((id) => id !== "m37"),
    );
    assert.is(driver.deadLetters.length, 1);
    const [deadLetter] = driver.deadLetters;
    assert.is(deadLetter?.error.code, "REFUSED_BY_SEGMENT");
    assert.match(deadLetter?.error.message ?? "", new RegExp(`HTTP ${status} [A-Z][\\w ]+$`));
    assert.is(deadLetter?.error.details, "bad event");
    assert.is(deadLetter?.record.offset, 37);
    assert.equal(JSON.parse(deadLetter?.message ?? ""), { messageId: "m37" });
    // Halving 100 takes at most 7 steps down, with two requests each.
    assert.ok(driver.segment.requests.length <= 15, `${driver.segment.requests.length} requests`);
    assert.is(driver.segment.mostInFlight, 1);
  });
}

s("should find each of several rejected messages, also the first and the last", async () => {
  const driver = new DeliveryQueueDriver();
  const bad = ["m0", "m1", "m6", "m8"];
  driver.segment.response = rejecting(400, ...bad);
  driver.push(...numbered(9));
  await driver.queue.settled(9);
  assert.equal(driver.taken, ["m2", "m3", "m4", "m5", "m7"]);
  assert.equal(
    driver.deadLetters.map(({ record }) => record.offset),
    [0, 1, 6, 8],
  );
  assert.is(driver.counters.get("dead_letters"), 4);
});

s("should continue after a back-off in the middle of halving", async () => {
  const driver = new DeliveryQueueDriver();
  const rejects = rejecting(400, "m2");
  driver.segment.response = (messages, request) =>
    request % 2 === 1 ? { status: 503, body: "" } : rejects(messages);
  driver.push(...numbered(4));
  const settled = driver.queue.settled(4);
  await driver.clock.advance(60_000);
  await settled;
  assert.equal(driver.taken, ["m0", "m1", "m3"]);
  assert.is(driver.deadLetters.length, 1);
});

s("should settle a message after its dead letter is durable", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const driver = new DeliveryQueueDriver({ deadLetters: { append: () => promise } });
  driver.segment.response = rejecting(400, "a");
  driver.push("a");
  const settled = driver.queue.settled(1);
  assert.is(await driver.state(settled), "pending");
  resolve();
  assert.is(await driver.state(settled), "resolved");
});

s("should settle nothing if the dead letter cannot be written", async () => {
  const append = () => Promise.reject(new Error("the log is gone"));
  const driver = new DeliveryQueueDriver({ deadLetters: { append } });
  driver.segment.response = rejecting(400, "a");
  driver.push("a", "b");
  assert.is(await driver.state(driver.queue.settled(1)), "rejected");
  assert.is(driver.failures.length, 1);
});

s("should stop at maxConsecutive rejected messages, and keep the last of them", async () => {
  const driver = new DeliveryQueueDriver({ limits: { maxConsecutive: 3 } });
  driver.segment.response = () => ({ status: 400, body: "no" });
  driver.push(...numbered(10));
  await driver.clock.advance(0);
  const [failure] = driver.failures as CdcError[];
  assert.is(failure?.code, "TOO_MANY_DEAD_LETTERS");
  assert.equal(
    driver.deadLetters.map(({ record }) => record.offset),
    [0, 1],
  );
});

s("should stop at maxRatio of the messages of all delivery queues", async () => {
  const rejections = new FailureRatio({ ratio: 0.5, window: 10 });
  const [one, other] = [
    new DeliveryQueueDriver({ rejections }),
    new DeliveryQueueDriver({ rejections }),
  ];
  for (const { segment } of [one, other])
    segment.response = rejecting(400, "m1", "m3", "m5", "m7", "m9");
  one.push(...numbered(6));
  await one.queue.settled(6);
  other.push(...numbered(10));
  await other.clock.advance(0);
  const [failure] = other.failures as CdcError[];
  assert.is(failure?.code, "TOO_MANY_DEAD_LETTERS");
  assert.match(failure?.message ?? "", /5 of the last messages \(deadLetters\.maxRatio\)/);
  assert.equal(one.failures, []);
  assert.is(one.deadLetters.length + other.deadLetters.length, 4, "the fifth is kept");
});

s("should count consecutive rejections from the last accepted message", async () => {
  const driver = new DeliveryQueueDriver({ limits: { maxConsecutive: 3 } });
  driver.segment.response = rejecting(400, "m0", "m1", "m3", "m4", "m6", "m7");
  driver.push(...numbered(9));
  await driver.queue.settled(9);
  assert.equal(driver.failures, []);
  assert.is(driver.deadLetters.length, 6);
});

s.run();
