import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { SegmentMessage } from "../../src/map/sync.ts";
import { insert, read, update } from "../support/table.ts";
import { TaskDriver } from "../support/task-driver.ts";

const s = suite("flow: the connector repeats its snapshot");

const eventsOf = (messages: readonly SegmentMessage[]) =>
  messages.map(({ event, userId }) => `${event} ${userId}`);
const rows = [1, 2, 3].map((id) => ({ id, email: `${id}@x`, seen: 1 }));

const SYNCS = `{
  lifecycle: {model: users, type: track, userId: id, properties: [email],
    events: {added: Added, changed: Changed, removed: Removed}},
  traits: {model: users, type: identify, userId: id, traits: [email]}}`;

s("should send nothing if nothing changed", async () => {
  const driver = await new TaskDriver().start();
  await driver.pipe(rows.map((row) => insert(row, 10 + row.id)));
  driver.taken();
  assert.equal(await driver.pipe(rows.map((row) => read(row, 50))), []);
  assert.is(driver.counters.get("unchanged"), 3);
  await driver.stop();
});

s("should send nothing for a change in columns that no sync uses", async () => {
  const driver = await new TaskDriver().start();
  await driver.pipe(rows.map((row) => insert(row, 10)));
  driver.taken();
  assert.equal(await driver.pipe(rows.map((row) => read({ ...row, seen: 2 }, 50))), []);
  await driver.stop();
});

s("should send rows that were changed or added while the connector was down", async () => {
  const driver = await new TaskDriver({ syncs: SYNCS }).start();
  await driver.pipe(rows.map((row) => insert(row, 10)));
  driver.taken();
  const current = [{ ...rows[0], id: 1, email: "new" }, ...rows.slice(1), { id: 4, email: "4@x" }];
  const sent = await driver.pipe(current.map((row) => read(row, 50)));
  assert.equal(
    sent.map(({ type, event, userId }) => [event ?? type, userId]),
    [
      ["Changed", "1"],
      ["identify", "1"],
      ["Added", "4"],
      ["identify", "4"],
    ],
  );
  await driver.stop();
});

s("should keep the values of the snapshot if the stream then repeats older changes", async () => {
  const driver = await new TaskDriver().start();
  await driver.pipe([read({ id: 1, email: "new" }, 50)]);
  driver.taken();
  assert.equal(await driver.pipe(update({ id: 1, email: "old" }, 40)), []);
  assert.equal(eventsOf(await driver.pipe(update({ id: 1, email: "newer" }, 60))), ["Changed 1"]);
  await driver.stop();
});

s("should process incremental reads as upserts without a source position", async () => {
  const driver = await new TaskDriver().start();
  const incremental = { snapshot: "incremental", lsn: null };
  await driver.pipe(insert({ id: 1, email: "a" }, 10));
  driver.taken();
  assert.equal(await driver.pipe(read({ id: 1, email: "a" }, 90, incremental)), []);
  assert.equal(eventsOf(await driver.pipe(update({ id: 1, email: "b" }, 20))), ["Changed 1"]);
  await driver.stop();
});

s(
  "should give reads of one snapshot different ids, although they share a source position",
  async () => {
    const driver = await new TaskDriver().start();
    const sent = await driver.pipe(rows.map((row) => read(row, 50)));
    assert.is(new Set(sent.map(({ messageId }) => messageId)).size, 3);
    await driver.stop();
  },
);

s.run();
