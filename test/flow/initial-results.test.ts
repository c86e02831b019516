import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { SegmentMessage } from "../../src/map/sync.ts";
import { insert, read, remove, truncate, update } from "../support/table.ts";
import { TaskDriver } from "../support/task-driver.ts";

const s = suite("flow: initial results");

const EVENTS = "events: {added: Added, changed: Changed, removed: Removed}";
const SYNCS = `{
  skipped: {model: users, type: track, userId: id, properties: [email], ${EVENTS}},
  sent: {model: users, type: track, userId: id, properties: [email], ${EVENTS}, initialResults: send},
  traits: {model: users, type: identify, userId: id, traits: [email]}}`;
const SKIPPED = `{skipped: {model: users, type: track, userId: id, properties: [email], ${EVENTS}}}`;

const told = (messages: readonly SegmentMessage[]) =>
  messages.map(({ event, type, userId }) => `${event ?? type} ${userId}`);

const a = { id: 1, email: "a" };
const b = { id: 1, email: "b" };

s(
  "should send what lies below the boundary only where that is asked for, identify always",
  async () => {
    const driver = new TaskDriver({ syncs: SYNCS });
    await driver.pipe([insert(a, 10), update(b, 20)]);
    await driver.start();
    assert.equal(told(driver.taken()), ["Added 1", "identify 1", "Changed 1", "identify 1"]);
    assert.is(driver.counters.get("initialResult"), 2);
    // Above the boundary all three speak.
    const sent = await driver.pipe(update(a, 30));
    assert.equal(told(sent), ["Changed 1", "Changed 1", "identify 1"]);
    await driver.stop();
  },
);

s("should count skipped initial results as members", async () => {
  const driver = new TaskDriver({ syncs: SKIPPED });
  await driver.pipe([insert(a, 10), insert({ id: 2, email: "c" }, 11)]);
  await driver.start();
  assert.equal(driver.taken(), []);
  assert.equal(told(await driver.pipe([update(b, 20), remove(2, 21)])), ["Changed 1", "Removed 2"]);
  await driver.stop();
});

s(
  "should hold to the boundary of the first start, crash or not, though the log has grown",
  async () => {
    const driver = new TaskDriver({ syncs: SKIPPED });
    await driver.pipe(insert(a, 10));
    await driver.start();
    await driver.crash();
    await driver.pipe([update(b, 20), insert({ id: 2, email: "c" }, 21)]);
    await driver.start();
    assert.equal(told(driver.taken()), ["Changed 1", "Added 2"]);
    await driver.stop();
  },
);

s("should skip a snapshot that comes before the stream, and none that comes after", async () => {
  const driver = await new TaskDriver({ syncs: SKIPPED }).start();
  assert.equal(await driver.pipe([read(a, 10), read({ id: 2, email: "c" }, 10)]), []);
  assert.equal(told(await driver.pipe(insert({ id: 3, email: "d" }, 20))), ["Added 3"]);
  // Made anew later: a row nobody had heard of came while the connector was away.
  assert.equal(told(await driver.pipe(read({ id: 4, email: "e" }, 30))), ["Added 4"]);
  await driver.stop();
});

s("should remember across a restart that the stream has begun", async () => {
  const driver = await new TaskDriver({ syncs: SKIPPED }).start();
  await driver.pipe(insert({ id: 3, email: "d" }, 20));
  await driver.stop();
  await driver.start();
  driver.taken();
  assert.equal(told(await driver.pipe(read({ id: 4, email: "e" }, 30))), ["Added 4"]);
  await driver.stop();
});

s(
  "should not take heartbeats, tombstones and bad records for the begin of the stream",
  async () => {
    const driver = await new TaskDriver({ syncs: SKIPPED }).start();
    await driver.pipe([
      { key: null, value: { ts_ms: 1 } },
      { key: { id: 9 }, value: null },
      { key: { id: 9 }, value: "{oops" },
    ]);
    assert.equal(await driver.pipe(read(a, 10)), []);
    await driver.stop();
  },
);

s(
  "should skip incremental reads of rows that nobody had heard of, and tell what they change",
  async () => {
    const driver = await new TaskDriver({ syncs: SKIPPED }).start();
    const incremental = { snapshot: "incremental", lsn: null };
    await driver.pipe(insert(a, 10));
    driver.taken();
    const sent = await driver.pipe([
      read(b, 20, incremental),
      read({ id: 2, email: "c" }, 20, incremental),
      update({ id: 2, email: "d" }, 30),
    ]);
    assert.equal(told(sent), ["Changed 1", "Changed 2"]);
    await driver.stop();
  },
);

s("should take an update of a row never seen for an initial result", async () => {
  const driver = await new TaskDriver({ syncs: SKIPPED }).start();
  assert.equal(await driver.pipe(update(a, 10)), []);
  assert.equal(told(await driver.pipe(update(b, 20))), ["Changed 1"]);
  await driver.stop();
});

s("should give each partition its own boundary", async () => {
  const driver = new TaskDriver({ syncs: SKIPPED, partitions: 2 });
  await driver.pipe(insert(a, 10), 0);
  await driver.start();
  assert.equal(told(await driver.pipe(insert({ id: 2, email: "c" }, 11), 1)), ["Added 2"]);
  await driver.stop();
});

s("should skip a truncate below the boundary in the other partitions too", async () => {
  const driver = new TaskDriver({ syncs: SKIPPED, partitions: 2 });
  await driver.pipe(insert({ id: 2, email: "c" }, 10), 1);
  await driver.start(driver.partitions.slice(1));
  await driver.stop();
  await driver.pipe([insert(a, 11), truncate(20)], 0);
  await driver.start();
  assert.equal(driver.taken(), []);
  assert.equal(told(await driver.pipe(insert({ id: 2, email: "c" }, 30), 1)), ["Added 2"]);
  await driver.stop();
});

s.run();
