import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { SegmentResponse } from "../../../src/deliver/destination.ts";
import { RateLimiter } from "../../../src/deliver/rate-limiter.ts";
import type { SegmentMessage } from "../../../src/map/sync.ts";
import { DeliveryQueueDriver } from "../../support/delivery-queue-driver.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";

const s = suite("deliver: delivery queue");

const OK: SegmentResponse = { status: 200, body: "" };
const HOUR_MS = 3_600_000;
const numbered = (count: number) => Array.from({ length: count }, (_, i) => `m${i}`);

/** These responses to the first requests, then 200. */
function responses(...first: readonly SegmentResponse[]) {
  return (_messages: readonly SegmentMessage[], request: number) => first[request] ?? OK;
}

s("should deliver in the order of the pushes, one batch in flight", async () => {
  const driver = new DeliveryQueueDriver();
  const response = driver.segment.hold();
  for (const id of numbered(50)) driver.push(id);
  await driver.clock.advance(0);
  assert.is(driver.segment.requests.length, 1);
  response();
  await driver.queue.settled(50);
  assert.equal(driver.taken, numbered(50));
  assert.is(driver.segment.mostInFlight, 1);
  assert.is(driver.counters.get("messages_delivered"), 50);
  assert.is(driver.counters.get("batches"), driver.segment.requests.length);
});

s("should limit batches to 2,500 messages", async () => {
  const driver = new DeliveryQueueDriver();
  driver.push(...numbered(5_001));
  await driver.queue.settled(5_001);
  assert.equal(
    driver.segment.requests.map(({ length }) => length),
    [2_500, 2_500, 1],
  );
});

s("should limit batches by UTF-8 bytes, not by characters", async () => {
  const driver = new DeliveryQueueDriver();
  // 10,000 characters are 30,000 bytes, and 480,000 the limit with the rest of the messages: 15 to a request.
  driver.queue.push(
    numbered(32).map((id) => driver.message({ messageId: id, text: "€".repeat(10_000) })),
  );
  await driver.queue.settled(32);
  assert.equal(
    driver.segment.requests.map(({ length }) => length),
    [15, 15, 2],
  );
});

s("should wait for more messages to fill a batch, but not if it is full", async () => {
  const driver = new DeliveryQueueDriver({ limits: { linger_ms: 20 } });
  driver.push("a");
  await driver.clock.advance(19);
  driver.push("b");
  assert.equal(driver.requests, []);
  await driver.clock.advance(1);
  assert.equal(driver.requests, [["a", "b"]]);

  const full = new DeliveryQueueDriver({ limits: { linger_ms: 20 } });
  full.push(...numbered(2_500));
  await full.clock.advance(0);
  assert.is(full.segment.taken.length, 2_500);
});

const RETRIED: readonly (readonly [title: string, response: SegmentResponse])[] = [
  ["a server error", { status: 503, body: "" }],
  ["a timeout at the server", { status: 408, body: "" }],
  ["a network fault", { failure: "ECONNRESET" }],
  ["a rate limit without a time", { status: 429, body: "" }],
];

for (const [title, passing] of RETRIED) {
  s(`should retry the same batch after ${title} without limit`, async () => {
    const driver = new DeliveryQueueDriver();
    let down = true;
    driver.segment.response = () => (down ? passing : OK);
    driver.push("a", "b");
    await driver.clock.advance(0);
    driver.push("c");
    await driver.clock.advance(HOUR_MS);
    assert.ok(driver.segment.requests.length > 100, "retried");
    assert.equal(driver.taken, []);
    assert.ok(driver.requests.every((ids) => ids.join() === "a,b"));
    down = false;
    await driver.clock.advance(60_000);
    assert.equal(driver.taken, ["a", "b", "c"]);
    assert.equal(driver.failures, []);
    assert.equal(driver.deadLetters, []);
  });
}

s("should not retry before a back-off has passed", async () => {
  const driver = new DeliveryQueueDriver();
  driver.segment.response = responses({ status: 500, body: "" });
  driver.push("a");
  await driver.clock.advance(99);
  assert.is(driver.segment.requests.length, 1);
  await driver.clock.advance(101);
  assert.equal(driver.taken, ["a"]);
  assert.is(driver.counters.get("retries"), 1);
});

s("should throttle all delivery queues until Retry-After has passed", async () => {
  const clock = new VirtualClock();
  const rateLimiter = new RateLimiter(clock);
  const [limited, other] = [
    new DeliveryQueueDriver({ rateLimiter }, clock),
    new DeliveryQueueDriver({ rateLimiter }, clock),
  ];
  limited.segment.response = responses({ status: 429, body: "", retryAfter: "10" });
  limited.push("a");
  await clock.advance(0);
  other.push("b");
  await clock.advance(9_999);
  assert.equal([limited.requests.length, other.requests.length], [1, 0]);
  await clock.advance(1);
  assert.equal([...limited.taken, ...other.taken], ["a", "b"]);
});

for (const status of [401, 403, 404]) {
  s(`should stop on ${status}, deliver nothing more and drop nothing`, async () => {
    const driver = new DeliveryQueueDriver();
    driver.segment.response = responses({ status, body: "" });
    const settled = driver.queue.settled(1);
    driver.push("a");
    assert.is(await driver.state(settled), "rejected");
    driver.push("b");
    await driver.clock.advance(HOUR_MS);
    assert.is(driver.segment.requests.length, 1);
    assert.is(driver.failures.length, 1);
    assert.equal(driver.deadLetters, []);
    assert.is(await driver.state(driver.queue.settled(2)), "rejected");
  });
}

s("should settle exactly what was delivered", async () => {
  const driver = new DeliveryQueueDriver();
  driver.push("a");
  await driver.clock.advance(0);
  const response = driver.segment.hold();
  driver.push("b");
  assert.is(await driver.state(driver.queue.settled(1)), "resolved");
  const second = driver.queue.settled(2);
  assert.is(await driver.state(second), "pending");
  response();
  assert.is(await driver.state(second), "resolved");
});

s("should be full at its limit of messages or of bytes until a message is delivered", async () => {
  for (const limit of [{ messages: 2 }, { bytes: 30 }]) {
    const driver = new DeliveryQueueDriver({ limits: limit });
    const response = driver.segment.hold();
    driver.push("a");
    assert.is(await driver.state(driver.queue.waitForSpace()), "resolved");
    driver.push("b");
    const space = driver.queue.waitForSpace();
    assert.is(await driver.state(space), "pending");
    response();
    assert.is(await driver.state(space), "resolved");
  }
});

s("should drop waiting messages when it is closed, in every state", async () => {
  for (const wait of ["a response", "a back-off", "the rate limiter", "more messages"]) {
    const rateLimiter = new RateLimiter(new VirtualClock());
    const driver = new DeliveryQueueDriver(
      wait === "more messages" ? { limits: { linger_ms: 20 } } : { rateLimiter },
    );
    if (wait === "a response") driver.segment.hold();
    if (wait === "a back-off") driver.segment.response = () => ({ status: 500, body: "" });
    if (wait === "the rate limiter") rateLimiter.throttle(HOUR_MS);
    driver.push("a");
    const settled = driver.queue.settled(1);
    assert.is(await driver.state(settled), "pending", wait);
    driver.queue.close();
    assert.is(await driver.state(settled), "rejected", wait);
    assert.is(await driver.state(driver.queue.waitForSpace()), "resolved");
    await driver.clock.advance(HOUR_MS);
    assert.equal(driver.taken, [], wait);
    assert.equal(driver.failures, [], "a closed queue is not a failure");
  }
});

s.run();
