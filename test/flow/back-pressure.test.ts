import { suite } from "uvu";
import * as assert from "uvu/assert";
import { TOPIC } from "../support/debezium.ts";
import { insert } from "../support/table.ts";
import { TaskDriver } from "../support/task-driver.ts";

const s = suite("flow: back-pressure");

const TP = { topic: TOPIC, partition: 0 };
const users = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => insert({ id: from + i, email: "a@x" }, from + i + 1));
const limits = (text: string) => ({ more: `limits: {${text}}` });

s("should pause the partition at its limits while Segment is down, and then continue", async () => {
  const driver = await new TaskDriver(limits("queueRecords: 100, deliveryMessages: 100")).start();
  driver.segment.response = () => ({ status: 503, body: "" });
  await driver.pipe(users(0, 2_000));
  assert.ok(driver.source.isPaused(TP));
  // The delivery queue may exceed its limit by one group of 500, and the record queue by one fetch of 50.
  assert.ok(driver.counters.get("messages") <= 600, `${driver.counters.get("messages")} messages`);
  assert.ok((driver.source.nextOffset(TP) ?? 0) <= 750, `${driver.source.nextOffset(TP)} received`);

  driver.segment.response = () => ({ status: 200, body: "" });
  await driver.clock.advance(60_000);
  assert.equal(
    driver.segment.taken.map(({ userId }) => Number(userId)),
    Array.from({ length: 2_000 }, (_, id) => id),
  );
  assert.not(driver.source.isPaused(TP));
  await driver.stop();
});

s("should pause when the record queue is full by bytes", async () => {
  const driver = await new TaskDriver(limits("queueBytes: 10KB, deliveryMessages: 1")).start();
  const respond = driver.segment.hold();
  await driver.pipe(users(0, 200));
  assert.ok(driver.source.isPaused(TP));
  respond();
  await driver.clock.advance(0);
  assert.is(driver.segment.taken.length, 200);
  assert.not(driver.source.isPaused(TP));
  await driver.stop();
});

s("should stop processing while the delivery queue is full, by messages or by bytes", async () => {
  for (const limit of ["deliveryMessages: 10", "deliveryBytes: 2KB"]) {
    const driver = await new TaskDriver(limits(limit)).start();
    const respond = driver.segment.hold();
    await driver.pipe(users(0, 20));
    const processed = driver.counters.get("records");
    await driver.pipe(users(20, 40));
    assert.is(driver.counters.get("records"), processed);
    respond();
    await driver.clock.advance(0);
    assert.is(driver.segment.taken.length, 40);
    await driver.stop();
  }
});

for (const limit of ["rows: 10", "bytes: 1KB"]) {
  const driverOf = () => new TaskDriver({ more: `checkpoint: {${limit}}` }).start();

  s(`should have at most twice ${limit} uncommitted while a checkpoint waits`, async () => {
    const driver = await driverOf();
    const respond = driver.segment.hold();
    await driver.pipe(users(0, 15));
    await driver.pipe(users(15, 30));
    const processed = driver.counters.get("records");
    await driver.pipe(users(30, 60));
    assert.is(driver.counters.get("records"), processed);
    respond();
    await driver.clock.advance(0);
    assert.is(driver.counters.get("records"), 60);
    await driver.stop();
  });

  s(`should checkpoint before the interval if ${limit} are uncommitted`, async () => {
    const driver = await driverOf();
    await driver.pipe(users(0, 5));
    assert.is(driver.counters.get("checkpoints"), 0);
    await driver.pipe(users(5, 30));
    assert.is(driver.counters.get("checkpoints"), 1);
    await driver.stop();
  });
}

s("should pause only the partition whose delivery queue is full", async () => {
  const driver = await new TaskDriver({ partitions: 2, ...limits("deliveryMessages: 1") }).start();
  // Segment rejects the users of partition 0 for now and accepts those of partition 1.
  driver.segment.response = ([first]) =>
    Number(first?.userId) < 1_000 ? { status: 500, body: "" } : { status: 200, body: "" };
  await driver.pipe(users(0, 5), 0);
  await driver.pipe(users(1_000, 1_005), 1);
  assert.equal(
    driver.segment.taken.map(({ userId }) => userId),
    ["1000", "1001", "1002", "1003", "1004"],
  );
  driver.segment.response = () => ({ status: 200, body: "" });
  await driver.clock.advance(60_000);
  assert.is(driver.segment.taken.length, 10);
  await driver.stop();
});

s(
  "should have one batch in flight for each partition, with any number of waiting messages",
  async () => {
    const driver = await new TaskDriver().start();
    const respond = driver.segment.hold();
    await driver.pipe(users(0, 100));
    await driver.pipe(users(100, 200));
    assert.is(driver.segment.mostInFlight, 1);
    respond();
    await driver.stop();
    assert.is(driver.segment.mostInFlight, 1);
    assert.is(driver.segment.taken.length, 200);
  },
);

s.run();
