import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { SegmentMessage } from "../../src/map/sync.ts";
import { insert, remove, tombstone, update } from "../support/table.ts";
import { TaskDriver } from "../support/task-driver.ts";

const s = suite("flow: Debezium repeats records after a restart of the connector");

const V1 = insert({ id: 1, email: "v1" }, 10);
const V2 = update({ id: 1, email: "v2" }, 20);
const V3 = update({ id: 1, email: "v3" }, 30);

const emails = (messages: readonly SegmentMessage[]) =>
  messages.map(({ properties }) => properties?.email);

s("should send each version once: v1 v2 v3 v1 v2 v3", async () => {
  const driver = await new TaskDriver().start();
  const sent = await driver.pipe([V1, V2, V3, V1, V2, V3]);
  assert.equal(emails(sent), ["v1", "v2", "v3"]);
  assert.equal(
    sent.map(({ event }) => event),
    ["Added", "Changed", "Changed"],
  );
  assert.is(driver.counters.get("stale"), 2);
  assert.is(driver.counters.get("unchanged"), 1);
  await driver.stop();
});

s(
  "should send each version once if the repetition follows a checkpoint and a restart",
  async () => {
    const driver = await new TaskDriver().start();
    await driver.pipe([V1, V2, V3]);
    await driver.stop();
    await driver.start();
    assert.equal(await driver.pipe([V1, V2, V3]), []);
    assert.equal(emails(await driver.pipe(update({ id: 1, email: "v4" }, 40))), ["v4"]);
    await driver.stop();
  },
);

s("should not restore a removed row", async () => {
  const driver = await new TaskDriver().start();
  const story = [V1, V2, remove(1, 40), tombstone(1)];
  const sent = await driver.pipe([...story, ...story]);
  assert.equal(
    sent.map(({ event }) => event),
    ["Added", "Changed", "Removed"],
  );
  await driver.stop();
});

s(
  "should apply records of a database restored from a backup: lower positions, later times",
  async () => {
    const driver = await new TaskDriver().start();
    await driver.pipe([V1, V2, V3]);
    const restored = update({ id: 1, email: "after the restore" }, 15, {
      ts_ms: 1_900_000_000_000,
    });
    assert.equal(emails(await driver.pipe(restored)), ["after the restore"]);
    assert.is(driver.counters.get("source_position_resets"), 1);
    await driver.stop();
  },
);

s("should give a repeated change the same messageId, and no other change that id", async () => {
  const ids = async () => {
    const driver = await new TaskDriver().start();
    const sent = await driver.pipe([V1, V2, V3, remove(1, 40)]);
    await driver.stop();
    return sent.map(({ messageId }) => messageId);
  };
  const [first, second] = [await ids(), await ids()];
  assert.equal(first, second);
  assert.is(new Set(first).size, 4);
});

s.run();
