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

const textsOf = (messages: readonly SegmentMessage[]) =>
  messages.map(({ event, type, userId }) => `${event ?? type} ${userId}`);

const a = { id: 1, email: "a" };
const b = { id: 1, email: "b" };

s(
  "should send records below the boundary only with initialResults: send, identify always",
  async () => {
    const driver = new TaskDriver({ syncs: SYNCS });
    await driver.pipe([insert(a, 10), update(b, 20)]);
    await driver.start();
    assert.equal(textsOf(driver.taken()), ["Added 1", "identify 1", "Changed 1", "identify 1"]);
    assert.is(driver.counters.get("initialResult"), 2);
    // Above the boundary all three send.
    const sent = await driver.pipe(update(a, 30));
    assert.equal(textsOf(sent), ["Changed 1", "Changed 1", "identify 1"]);
    await driver.stop();
  },
);

s("should include skipped initial results as members", async () => {
  const driver = new TaskDriver({ syncs: SKIPPED });
  await driver.pipe([insert(a, 10), insert({ id: 2, email: "c" }, 11)]);
  await driver.start();
  assert.equal(driver.taken(), []);
  assert.equal(textsOf(await driver.pipe([update(b, 20), remove(2, 21)])), [
    "Changed 1",
    "Removed 2",
  ]);
  await driver.stop();
});

s(
  "should use the boundary of the first start after a crash, although the log has grown",
  async () => {
    const driver = new TaskDriver({ syncs: SKIPPED });
    await driver.pipe(insert(a, 10));
    await driver.start();
    await driver.crash();
    await driver.pipe([update(b, 20), insert({ id: 2, email: "c" }, 21)]);
    await driver.start();
    assert.equal(textsOf(driver.taken()), ["Changed 1", "Added 2"]);
    await driver.stop();
  },
);

s("should skip a snapshot before the stream, and none after it", async () => {
  const driver = await new TaskDriver({ syncs: SKIPPED }).start();
  assert.equal(await driver.pipe([read(a, 10), read({ id: 2, email: "c" }, 10)]), []);
  assert.equal(textsOf(await driver.pipe(insert({ id: 3, email: "d" }, 20))), ["Added 3"]);
  // A later snapshot: a row was created while the connector was away.
  assert.equal(textsOf(await driver.pipe(read({ id: 4, email: "e" }, 30))), ["Added 4"]);
  await driver.stop();
});

s("should know after a restart that the stream has started", async () => {
  const driver = await new TaskDriver({ syncs: SKIPPED }).start();
  await driver.pipe(insert({ id: 3, email: "d" }, 20));
  await driver.stop();
  await driver.start();
  driver.taken();
  assert.equal(textsOf(await driver.pipe(read({ id: 4, email: "e" }, 30))), ["Added 4"]);
  await driver.stop();
});

s(
  "should not treat heartbeats, tombstones and rejected records as the start of the stream",
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
  "should skip incremental reads of rows that were never seen, and send what later reads change",
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
    assert.equal(textsOf(sent), ["Changed 1", "Changed 2"]);
    await driver.stop();
  },
);

s("should treat an update of a row that was never seen as an initial result", async () => {
  const driver = await new TaskDriver({ syncs: SKIPPED }).start();
  assert.equal(await driver.pipe(update(a, 10)), []);
  assert.equal(textsOf(await driver.pipe(update(b, 20))), ["Changed 1"]);
  await driver.stop();
});

s("should use a boundary per partition", async () => {
  const driver = new TaskDriver({ syncs: SKIPPED, partitions: 2 });
  await driver.pipe(insert(a, 10), 0);
  await driver.start();
  assert.equal(textsOf(await driver.pipe(insert({ id: 2, email: "c" }, 11), 1)), ["Added 2"]);
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
  assert.equal(textsOf(await driver.pipe(insert({ id: 2, email: "c" }, 30), 1)), ["Added 2"]);
  await driver.stop();
});

s.run();
