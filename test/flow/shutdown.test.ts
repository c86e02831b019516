import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { CdcError } from "../../src/lib/errors.ts";
import { TOPIC } from "../support/debezium.ts";
import { insert, truncate } from "../support/table.ts";
import { TaskDriver } from "../support/task-driver.ts";
import { flush } from "../support/virtual-clock.ts";

const s = suite("flow: shutdown");

const users = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => insert({ id: from + i, email: "a" }, from + i + 1));

s("should deliver, store and commit what was processed before it ends", async () => {
  const driver = await new TaskDriver().start();
  await driver.pipe(users(0, 10));
  assert.is(driver.source.committed.size, 0);
  await driver.stop();
  assert.is(driver.segment.taken.length, 10);
  assert.is(driver.source.committed.get(`${TOPIC}/0`), 10);
  assert.not(driver.store().isOpen);
});

s("should wait for a request in flight", async () => {
  const driver = await new TaskDriver().start();
  const respond = driver.segment.hold();
  await driver.pipe(users(0, 10));
  let isStopped = false;
  const stopped = driver.stop().then(() => {
    isStopped = true;
  });
  await flush();
  assert.not(isStopped);
  respond();
  await stopped;
  assert.is(driver.source.committed.get(`${TOPIC}/0`), 10);
});

s(
  "should end at its deadline while Segment is down, and repeat the rest with the same ids",
  async () => {
    const driver = await new TaskDriver().start();
    await driver.pipe(users(0, 5));
    await driver.checkpoint();
    driver.segment.response = () => ({ status: 503, body: "" });
    await driver.pipe(users(5, 10));
    const requested = driver.segment.requests.at(-1)?.map(({ messageId }) => messageId);
    const stopped = driver.stop(20_000);
    await driver.clock.advance(20_000);
    await stopped;
    assert.not(driver.store().isOpen);
    assert.is(driver.source.committed.get(`${TOPIC}/0`), 5);

    driver.segment.response = () => ({ status: 200, body: "" });
    driver.taken();
    await driver.start();
    const sent = driver.taken().map(({ messageId }) => messageId);
    assert.is(sent.length, 5);
    assert.ok(requested?.every((id) => sent.includes(id)));
    await driver.stop();
  },
);

s("should leave no timer", async () => {
  const driver = await new TaskDriver().start();
  await driver.pipe(users(0, 3));
  await driver.stop();
  assert.is(driver.clock.sleeping, 0);
});

s("should accept no records after the stop", async () => {
  const driver = await new TaskDriver().start();
  const respond = driver.segment.hold();
  await driver.pipe(users(0, 3));
  const stopped = driver.stop();
  await driver.pipe(users(3, 6));
  respond();
  await stopped;
  assert.is(driver.segment.taken.length, 3);
  assert.is(driver.source.committed.get(`${TOPIC}/0`), 3);
});

s("should stop on a rejected write key and send all messages after the next start", async () => {
  const driver = await new TaskDriver().start();
  driver.segment.response = () => ({ status: 401, body: "" });
  await driver.pipe(users(0, 3));
  assert.equal(
    driver.failures.map((error) => (error as CdcError).code),
    ["SEGMENT_CREDENTIALS"],
  );
  await driver.stop();
  assert.equal(driver.deadLetters, []);
  assert.is(driver.source.committed.size, 0);
  driver.segment.response = () => ({ status: 200, body: "" });
  await driver.start();
  assert.is(driver.taken().length, 3);
  await driver.stop();
});

s(
  "should stop if the store cannot be written, and then continue from the last checkpoint",
  async () => {
    const driver = await new TaskDriver({ more: "state: {changelog: false}" }).start();
    await driver.pipe(users(0, 3));
    driver.store().breakWrites(new Error("no space left on device"));
    await driver.checkpoint();
    assert.is(driver.failures.length, 1);
    driver.store().breakWrites(null);
    await driver.pipe(users(3, 6));
    await driver.stop();
    driver.taken();
    await driver.start();
    const sent = driver.taken().map(({ userId }) => userId);
    assert.ok(
      ["0", "1", "2"].every((id) => sent.includes(id)),
      `repeated ${sent}`,
    );
    await driver.stop();
  },
);

s("should end while a truncate waits for a partition that cannot deliver", async () => {
  const driver = await new TaskDriver({ partitions: 2 }).start();
  driver.segment.response = ([first]) => ({ status: first?.userId === "7" ? 503 : 200, body: "" });
  await driver.pipe(users(7, 8), 1);
  await driver.pipe([...users(0, 1), truncate(50)], 0);
  const stopped = driver.stop(20_000);
  await driver.clock.advance(20_000);
  await stopped;
  assert.equal(
    [0, 1].map((partition) => driver.store(partition).isOpen),
    [false, false],
  );
});

s("should end at its deadline while a partition is still being opened", async () => {
  const driver = new TaskDriver();
  driver.source.hangRange = true;
  await driver.start();
  const stopped = driver.stop(20_000);
  await driver.clock.advance(20_000);
  await stopped;
});

s.run();
