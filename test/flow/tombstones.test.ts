import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { SegmentMessage } from "../../src/map/sync.ts";
import { commitTimeOf, heartbeat, insert, remove, tombstone, update } from "../support/table.ts";
import { TaskDriver } from "../support/task-driver.ts";

const s = suite("flow: tombstones");

const events = (messages: readonly SegmentMessage[]) => messages.map(({ event }) => event);

s("should treat a delete and the tombstone after it as one removal", async () => {
  const driver = await new TaskDriver().start();
  const sent = await driver.pipe([insert({ id: 1, email: "a" }, 10), remove(1, 20), tombstone(1)]);
  assert.equal(events(sent), ["Added", "Removed"]);
  assert.is(driver.counters.get("tombstones"), 1);
  await driver.stop();
});

for (const end of ["stop", "crash"] as const) {
  s(`should recognise the tombstone of a delete after a checkpoint and a ${end}`, async () => {
    const driver = await new TaskDriver().start();
    await driver.pipe([insert({ id: 1, email: "a" }, 10), remove(1, 20)]);
    await driver.checkpoint();
    await driver[end]();
    await driver.start();
    // The row came again meanwhile, in the order that a connector would never write: only memory tells.
    assert.equal(await driver.pipe(tombstone(1)), []);
    assert.is(driver.counters.get("tombstones"), 1);
    await driver.stop();
  });
}

s("should not remove a newer row by the tombstone of a repeated, stale delete", async () => {
  const driver = await new TaskDriver().start();
  const [v1, gone] = [insert({ id: 1, email: "a" }, 10), remove(1, 20)];
  await driver.pipe([v1, gone, tombstone(1), insert({ id: 1, email: "b" }, 30)]);
  driver.taken();
  assert.equal(await driver.pipe([v1, gone, tombstone(1)]), []);
  const sent = await driver.pipe(update({ id: 1, email: "c" }, 40));
  assert.equal(events(sent), ["Changed"]);
  await driver.stop();
});

s("should not remove it after a restart between delete and tombstone either", async () => {
  const driver = await new TaskDriver().start();
  const gone = remove(1, 20);
  await driver.pipe([gone, tombstone(1), insert({ id: 1, email: "b" }, 30), gone]);
  await driver.stop();
  await driver.start();
  assert.equal(await driver.pipe(tombstone(1)), []);
  assert.equal(events(await driver.pipe(update({ id: 1, email: "c" }, 40))), ["Changed"]);
  await driver.stop();
});

s("should treat a single tombstone as a removal, as in a compacted topic", async () => {
  const driver = await new TaskDriver().start();
  await driver.pipe([insert({ id: 1, email: "a" }, 10), insert({ id: 2, email: "b" }, 11)]);
  driver.taken();
  const sent = await driver.pipe({ ...tombstone(1), timestamp: commitTimeOf(50) });
  assert.equal(events(sent), ["Removed"]);
  assert.equal(sent[0]?.userId, "1");
  assert.equal(sent[0]?.properties, { email: "a" });
  assert.is(sent[0]?.timestamp, new Date(commitTimeOf(50)).toISOString());
  await driver.stop();
});

s("should treat a tombstone with another key than the delete before it as a removal", async () => {
  const driver = await new TaskDriver().start();
  await driver.pipe([insert({ id: 1, email: "a" }, 10), insert({ id: 2, email: "b" }, 11)]);
  driver.taken();
  const sent = await driver.pipe([remove(1, 20), tombstone(2)]);
  assert.equal(
    sent.map(({ event, userId }) => [event, userId]),
    [
      ["Removed", "1"],
      ["Removed", "2"],
    ],
  );
  await driver.stop();
});

s("should remove once if another record is between a delete and its tombstone", async () => {
  const driver = await new TaskDriver().start();
  const sent = await driver.pipe([
    insert({ id: 1, email: "a" }, 10),
    remove(1, 20),
    heartbeat(),
    tombstone(1),
  ]);
  assert.equal(events(sent), ["Added", "Removed"]);
  await driver.stop();
});

s("should send nothing for a tombstone of a row that was never seen", async () => {
  const driver = await new TaskDriver().start();
  assert.equal(await driver.pipe(tombstone(1)), []);
  assert.equal(driver.deadLetters, []);
  await driver.stop();
});

s("should remove flattened rows by every form of a delete", async () => {
  const driver = await new TaskDriver().start();
  const row = (id: number, more = {}) => ({ key: { id }, value: { id, email: "a", ...more } });
  const sent = await driver.pipe([
    ...[1, 2, 3, 4, 5].map((id) => row(id, { __op: "c", __lsn: id })),
    row(1, { __deleted: "true", __op: "d", __lsn: 11 }),
    row(2, { __deleted: true }),
    { ...row(3), headers: { __op: Buffer.from("d") } },
    { key: { id: 4 }, value: "null" },
    { key: { id: 5 }, value: null },
  ]);
  assert.equal(
    sent.slice(5).map(({ event, userId }) => `${event} ${userId}`),
    [1, 2, 3, 4, 5].map((id) => `Removed ${id}`),
  );
  await driver.stop();
});

s.run();
