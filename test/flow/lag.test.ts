import { suite } from "uvu";
import * as assert from "uvu/assert";
import { withLag } from "../../src/status/observed.ts";
import { TOPIC } from "../support/debezium.ts";
import { FakeRegistry } from "../support/fake-registry.ts";
import { heldBackfill } from "../support/held-backfill.ts";
import {
  type Change,
  commitTimeOf,
  heartbeat,
  insert,
  tombstone,
  truncate,
} from "../support/table.ts";
import { TaskDriver } from "../support/task-driver.ts";

/** The lag of a task in seconds is the age of the first record that it received and has not stored. */

const s = suite("flow: the lag of a task");

const TP = { topic: TOPIC, partition: 0 };
const HOUR_MS = 3_600_000;

async function partitionOf(driver: TaskDriver) {
  const [task, ...others] = await driver.taskStatuses();
  if (!task || others.length > 0) throw new Error(`${others.length + 1} tasks`);
  const { end } = await driver.source.range(TP);
  return withLag(task, end, driver.source.nextOffset(TP) ?? undefined, driver.clock.now());
}
const lag = async (driver: TaskDriver) => (await partitionOf(driver)).lag;

/** The LSN of a commit one second ago. */
const justNow = (driver: TaskDriver) => (driver.clock.now() - commitTimeOf(0)) / 1_000 - 1;
const user = (id: number, lsn: number) => insert({ id, email: "a@x" }, lsn);
/** Row `n` at offset `n`, committed at second `n`. */
const users = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => user(from + i, from + i));

/** A task that stored its last row six hours ago. */
async function afterIdleTime() {
  const driver = new TaskDriver();
  await driver.clock.advance(5_000);
  await driver.start();
  await driver.pipe(user(0, justNow(driver)));
  await driver.checkpoint();
  await driver.clock.advance(6 * HOUR_MS);
  assert.equal(await lag(driver), { records: 0, seconds: 0 }, "idle time is no lag");
  return driver;
}

s("should be the age of the one record in delivery after idle time", async () => {
  const driver = await afterIdleTime();
  const respond = driver.segment.hold();
  await driver.pipe(user(1, justNow(driver)));
  assert.equal(await lag(driver), { records: 1, seconds: 1 });
  await driver.clock.advance(20_000);
  assert.equal(await lag(driver), { records: 1, seconds: 21 }, "the checkpoint is not complete");
  await driver.pipe(user(2, justNow(driver)));
  assert.equal(
    await lag(driver),
    { records: 2, seconds: 21 },
    "the checkpoint covers the older record",
  );
  respond();
  const respondAgain = driver.segment.hold();
  await driver.clock.advance(0);
  assert.equal(await lag(driver), { records: 1, seconds: 1 }, "the newer record is left");
  respondAgain();
  await driver.checkpoint();
  assert.equal(await lag(driver), { records: 0, seconds: 0 });
  await driver.stop();
});

for (const [what, change] of [
  ["an undecodable record", { key: { id: 1 }, value: "{oops" }],
  ["a tombstone without a delete", tombstone(0)],
] as const) {
  s(`should use Kafka's timestamp for ${what}, which has no commit time`, async () => {
    const driver = await afterIdleTime();
    const timestamp = driver.clock.now() - 2_000;
    // The first record is stored immediately; the next ones wait for a checkpoint.
    await driver.pipe({ ...heartbeat(), timestamp });
    await driver.pipe({ ...(change as Change), timestamp });
    assert.equal(await lag(driver), { records: 1, seconds: 2 });
    await driver.checkpoint();
    assert.equal(await lag(driver), { records: 0, seconds: 0 });
    await driver.stop();
  });
}

s("should be the age of the record at the stored offset, through a long backlog", async () => {
  const more = "limits: {queueRecords: 100, deliveryMessages: 300}\ncheckpoint: {rows: 50}";
  const driver = new TaskDriver({ more });
  await driver.clock.advance(6 * HOUR_MS);
  await driver.start();
  let respond = driver.segment.hold();
  await driver.pipe(users(0, 2_000));
  const offsets = new Set<number>();
  for (let step = 0; step < 2_000 && driver.segment.taken.length < 2_000; step += 1) {
    const { nextOffset, time, isAllStored, lag } = await partitionOf(driver);
    if (isAllStored || nextOffset === null) break;
    offsets.add(nextOffset);
    assert.is(time, commitTimeOf(nextOffset), `at offset ${nextOffset}`);
    assert.equal(lag, { records: 2_000 - nextOffset, seconds: 6 * 3_600 - nextOffset });
    respond();
    respond = driver.segment.hold();
    await driver.clock.advance(0);
  }
  assert.ok(offsets.size > 3, `${offsets.size} offsets`);
  respond();
  await driver.checkpoint();
  assert.equal(await lag(driver), { records: 0, seconds: 0 });
  await driver.stop();
});

s("should use Kafka's timestamp for records that wait for the registry", async () => {
  const fake = await FakeRegistry.open(new Map());
  const registry = fake.client();
  const available = Promise.withResolvers<void>();
  registry.prepare = () => available.promise;
  const driver = new TaskDriver({ registry });
  await driver.clock.advance(60_000);
  await driver.start();
  await driver.pipe(users(10, 13));
  const { isAllStored, time, lag } = await partitionOf(driver);
  assert.equal([isAllStored, time, lag.records], [false, commitTimeOf(10) + 500, 3]);
  available.resolve();
  await driver.pipe([]);
  assert.is((await partitionOf(driver)).time, commitTimeOf(10));
  await driver.stop();
  await fake.close();
});

s("should not include a backfill, but the records that arrive during it", async () => {
  const { driver, respond } = await heldBackfill(users(0, 300));
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
  assert.equal([time, lagNow], [commitTimeOf(lsn) + 500, { records: 1, seconds: 3.5 }]);
  respond();
  await driver.clock.advance(60_000);
  assert.equal(await lag(driver), { records: 0, seconds: 0 });
  await driver.stop();
});

s("should be the age of a TRUNCATE while its removed rows are sent", async () => {
  const driver = await new TaskDriver().start();
  let respond = driver.segment.hold();
  await driver.pipe([...users(1, 3), truncate(3)]);
  assert.is((await partitionOf(driver)).time, commitTimeOf(1));
  respond();
  respond = driver.segment.hold();
  await driver.clock.advance(0);
  const sending = await partitionOf(driver);
  assert.equal([sending.time, sending.nextOffset], [commitTimeOf(3) + 500, 2]);
  respond();
  await driver.clock.advance(0);
  const delivered = await partitionOf(driver);
  assert.equal(
    [delivered.isAllStored, delivered.time, delivered.nextOffset],
    [false, commitTimeOf(3) + 500, 2],
  );
  await driver.checkpoint();
  assert.equal(await lag(driver), { records: 0, seconds: 0 });
  await driver.stop();
});

s.run();
