import { suite } from "uvu";
import * as assert from "uvu/assert";
import { lagOf } from "../../src/status/observed.ts";
import { TOPIC } from "../support/debezium.ts";
import { FakeRegistry } from "../support/fake-registry.ts";
import { type Change, heartbeat, insert, timeAt, tombstone, truncate } from "../support/table.ts";
import { TaskDriver } from "../support/task-driver.ts";

/** How old what a task has still to do is: the first record that it took in and has not stored. */

const s = suite("flow: how far behind a task is");

const TP = { topic: TOPIC, partition: 0 };
const HOUR_MS = 3_600_000;
const SYNC =
  "{model: users, type: track, userId: id, properties: [email], initialResults: send, events: {added: Added}}";

async function partitionOf(driver: TaskDriver) {
  const [task, ...others] = await driver.taskStatuses();
  if (!task || others.length > 0) throw new Error(`${others.length + 1} tasks`);
  const { end } = await driver.source.range(TP);
  return lagOf(task, end, driver.source.position(TP) ?? undefined, driver.clock.now());
}
const lag = async (driver: TaskDriver) => (await partitionOf(driver)).lag;

/** The LSN of a commit one second ago. */
const justNow = (driver: TaskDriver) => (driver.clock.now() - timeAt(0)) / 1_000 - 1;
const user = (id: number, lsn: number) => insert({ id, email: "a@x" }, lsn);
/** Row `n` at offset `n`, committed at second `n`. */
const users = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => user(from + i, from + i));

/** A task that stored its last row six hours ago. */
async function afterQuietTime() {
  const driver = new TaskDriver();
  await driver.clock.advance(5_000);
  await driver.start();
  await driver.pipe(user(0, justNow(driver)));
  await driver.checkpoint();
  await driver.clock.advance(6 * HOUR_MS);
  assert.equal(await lag(driver), { records: 0, seconds: 0 }, "a quiet time is no lag");
  return driver;
}

s("should be as old as the one record that Segment keeps waiting after a quiet time", async () => {
  const driver = await afterQuietTime();
  const response = driver.segment.hold();
  await driver.pipe(user(1, justNow(driver)));
  assert.equal(await lag(driver), { records: 1, seconds: 1 });
  await driver.clock.advance(20_000);
  assert.equal(await lag(driver), { records: 1, seconds: 21 }, "a checkpoint is under way");
  await driver.pipe(user(2, justNow(driver)));
  assert.equal(await lag(driver), { records: 2, seconds: 21 }, "and covers the older one");
  response();
  const again = driver.segment.hold();
  await driver.clock.advance(0);
  assert.equal(await lag(driver), { records: 1, seconds: 1 }, "the younger one is left");
  again();
  await driver.checkpoint();
  assert.equal(await lag(driver), { records: 0, seconds: 0 });
  await driver.stop();
});

for (const [what, change] of [
  ["a record that nobody can read", { key: { id: 1 }, value: "{oops" }],
  ["a tombstone by itself", tombstone(0)],
] as const) {
  s(`should go by Kafka's time for ${what}: it has no commit`, async () => {
    const driver = await afterQuietTime();
    const timestamp = driver.clock.now() - 2_000;
    // The first is stored at once; what follows waits for the next checkpoint.
    await driver.pipe({ ...heartbeat(), timestamp });
    await driver.pipe({ ...(change as Change), timestamp });
    assert.equal(await lag(driver), { records: 1, seconds: 2 });
    await driver.checkpoint();
    assert.equal(await lag(driver), { records: 0, seconds: 0 });
    await driver.stop();
  });
}

s("should be the age of the record at the stored position, all along a long backlog", async () => {
  const more = "limits: {queueRecords: 100, deliveryMessages: 300}\ncheckpoint: {rows: 50}";
  const driver = new TaskDriver({ more });
  await driver.clock.advance(6 * HOUR_MS);
  await driver.start();
  let response = driver.segment.hold();
  await driver.pipe(users(0, 2_000));
  const seen = new Set<number>();
  for (let step = 0; step < 2_000 && driver.segment.taken.length < 2_000; step += 1) {
    const { nextOffset, time, isAllStored, lag } = await partitionOf(driver);
    if (isAllStored || nextOffset === null) break;
    seen.add(nextOffset);
    assert.is(time, timeAt(nextOffset), `at ${nextOffset}`);
    assert.equal(lag, { records: 2_000 - nextOffset, seconds: 6 * 3_600 - nextOffset });
    response();
    response = driver.segment.hold();
    await driver.clock.advance(0);
  }
  assert.ok(seen.size > 3, `${seen.size} positions`);
  response();
  await driver.checkpoint();
  assert.equal(await lag(driver), { records: 0, seconds: 0 });
  await driver.stop();
});

s("should go by Kafka's time for what waits for the registry, undecoded", async () => {
  const fake = await FakeRegistry.open(new Map());
  const registry = fake.client();
  const there = Promise.withResolvers<void>();
  registry.prepare = () => there.promise;
  const driver = new TaskDriver({ registry });
  await driver.clock.advance(60_000);
  await driver.start();
  await driver.pipe(users(10, 13));
  const { isAllStored, time, lag } = await partitionOf(driver);
  assert.equal([isAllStored, time, lag.records], [false, timeAt(10) + 500, 3]);
  there.resolve();
  await driver.pipe([]);
  assert.is((await partitionOf(driver)).time, timeAt(10));
  await driver.stop();
  await fake.close();
});

s("should be no lag while a new sync sees the stored rows, but what comes meanwhile", async () => {
  const driver = await new TaskDriver({ syncs: `{one: ${SYNC}}` }).start();
  await driver.pipe(users(0, 300));
  await driver.stop();
  const response = driver.segment.hold();
  const more = "limits: {deliveryMessages: 10}";
  await driver.reconfigure({ syncs: `{one: ${SYNC}, two: ${SYNC}}`, more }).start();
  await driver.clock.advance(HOUR_MS);
  const backfilling = await partitionOf(driver);
  assert.equal(
    [backfilling.taskState, backfilling.lag.records, backfilling.lag.seconds],
    ["backfilling", 0, 0],
  );
  const lsn = justNow(driver);
  await driver.pipe(user(300, lsn));
  await driver.clock.advance(3_000);
  const { time, lag: lagNow } = await partitionOf(driver);
  assert.equal([time, lagNow], [timeAt(lsn) + 500, { records: 1, seconds: 3.5 }]);
  response();
  await driver.clock.advance(60_000);
  assert.equal(await lag(driver), { records: 0, seconds: 0 });
  await driver.stop();
});

s("should be the age of a TRUNCATE while what it removed is told", async () => {
  const driver = await new TaskDriver().start();
  let response = driver.segment.hold();
  await driver.pipe([...users(1, 3), truncate(3)]);
  assert.is((await partitionOf(driver)).time, timeAt(1));
  response();
  response = driver.segment.hold();
  await driver.clock.advance(0);
  const telling = await partitionOf(driver);
  assert.equal([telling.time, telling.nextOffset], [timeAt(3) + 500, 2]);
  response();
  await driver.clock.advance(0);
  const told = await partitionOf(driver);
  assert.equal([told.isAllStored, told.time, told.nextOffset], [false, timeAt(3) + 500, 2]);
  await driver.checkpoint();
  assert.equal(await lag(driver), { records: 0, seconds: 0 });
  await driver.stop();
});

s.run();
