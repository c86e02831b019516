import { suite } from "uvu";
import * as assert from "uvu/assert";
import { TOPIC } from "../support/debezium.ts";
import { insert, remove, tombstone, update } from "../support/table.ts";
import { type Moment, TaskDriver } from "../support/task-driver.ts";

const s = suite("flow: a crash between two steps of the checkpoint");

const STORY = [
  insert({ id: 1, email: "a" }, 10),
  insert({ id: 2, email: "b" }, 11),
  update({ id: 1, email: "c" }, 12),
  { key: { id: 3 }, value: "{oops" },
  remove(2, 13),
  tombstone(2),
];
const LATER = [update({ id: 1, email: "d" }, 20), insert({ id: 2, email: "e" }, 21)];

/** The message ids of a run without a crash. */
async function undisturbed(): Promise<readonly string[]> {
  const driver = await new TaskDriver().start();
  await driver.pipe(STORY);
  await driver.checkpoint();
  await driver.pipe(LATER);
  await driver.stop();
  return driver.segment.taken.map(({ messageId }) => messageId);
}

type Case = {
  readonly moment: Moment;
  readonly step: string;
  /** The offset where the next session starts. */
  readonly from: number;
  readonly repeated: number;
  readonly deadLetters: number;
};

const MOMENTS: readonly Case[] = [
  { moment: "before deliver", step: "before 1", from: 0, repeated: 0, deadLetters: 1 },
  { moment: "after deliver", step: "in 1, after delivery", from: 0, repeated: 4, deadLetters: 1 },
  { moment: "before dead letters", step: "in 1", from: 0, repeated: 4, deadLetters: 1 },
  { moment: "after dead letters", step: "between 1 and 2", from: 0, repeated: 4, deadLetters: 2 },
  { moment: "before changelog", step: "before 2", from: 0, repeated: 4, deadLetters: 2 },
  { moment: "after changelog", step: "between 2 and 3", from: 6, repeated: 0, deadLetters: 1 },
  { moment: "before store", step: "before 3", from: 6, repeated: 0, deadLetters: 1 },
  { moment: "after store", step: "between 3 and 4", from: 6, repeated: 0, deadLetters: 1 },
  { moment: "before commit", step: "before 4", from: 6, repeated: 0, deadLetters: 1 },
  { moment: "after commit", step: "after 4", from: 6, repeated: 0, deadLetters: 1 },
];

for (const { moment, step, from, repeated, deadLetters } of MOMENTS) {
  s(`should lose nothing and repeat only known ids: ${moment} (${step})`, async () => {
    const expected = await undisturbed();
    const driver = await new TaskDriver().start();
    driver.crashOn(moment);
    await driver.pipe(STORY);
    await driver.checkpoint();
    await driver.crash();

    await driver.start();
    assert.ok(driver.source.calls.includes(`seek 0 ${from}`));
    await driver.pipe([]);
    await driver.checkpoint();
    await driver.pipe(LATER);
    const ids = driver.segment.taken.map(({ messageId }) => messageId);
    assert.equal([...new Set(ids)], expected);
    assert.is(ids.length - expected.length, repeated);
    assert.is(driver.deadLetters.length, deadLetters);
    await driver.stop();
    assert.is(driver.source.committed.get(`${TOPIC}/0`), STORY.length + LATER.length);
  });
}

s("should continue from the store, not from the group's offset", async () => {
  const driver = await new TaskDriver().start();
  await driver.pipe(STORY);
  await driver.stop();
  driver.source.committed.set(`${TOPIC}/0`, 0);
  await driver.start();
  assert.ok(driver.source.calls.at(-2)?.startsWith("seek 0 6"));
  await driver.stop();
});

s("should drop records below the next offset", async () => {
  const driver = await new TaskDriver().start();
  await driver.pipe(STORY);
  driver.taken();
  // After a rebalance kafkajs restarts a retained partition at the committed offset.
  driver.source.pause({ topic: TOPIC, partition: 0 });
  driver.source.seek({ topic: TOPIC, partition: 0 }, 0);
  driver.source.resume({ topic: TOPIC, partition: 0 });
  assert.equal(await driver.pipe(LATER.slice(0, 1)).then((sent) => sent.length), 1);
  assert.is(driver.counters.get("duplicates"), STORY.length);
  await driver.stop();
});

s("should close a revoked partition and reopen it with its state", async () => {
  const driver = await new TaskDriver({ partitions: 2 }).start();
  await driver.pipe(insert({ id: 1, email: "a" }, 10), 1);
  await driver.checkpoint();
  driver.source.assign(driver.partitions.slice(0, 1));
  await driver.pipe([]);
  assert.not(driver.store(1).isOpen);
  driver.source.assign(driver.partitions);
  driver.taken();
  const sent = await driver.pipe(update({ id: 1, email: "b" }, 20), 1);
  assert.equal(
    sent.map(({ event }) => event),
    ["Changed"],
  );
  await driver.stop();
});

s("should close a revoked partition at once while Segment is down, without a failure", async () => {
  const driver = await new TaskDriver({ partitions: 2 }).start();
  driver.segment.response = ([first]) => ({ status: first?.userId === "1" ? 503 : 200, body: "" });
  await driver.pipe(insert({ id: 1, email: "a" }, 10), 1);
  await driver.checkpoint();
  driver.source.assign(driver.partitions.slice(0, 1));
  await driver.pipe(insert({ id: 2, email: "b" }, 11), 0);
  assert.not(driver.store(1).isOpen);
  assert.equal(driver.failures, []);
  driver.segment.response = () => ({ status: 200, body: "" });
  driver.source.assign(driver.partitions);
  await driver.pipe([]);
  assert.equal(
    driver.segment.taken.map(({ userId }) => userId),
    ["2", "1"],
  );
  await driver.stop();
});

s("should store the offset of records without messages", async () => {
  const driver = await new TaskDriver().start();
  await driver.pipe([tombstone(7), tombstone(8)]);
  await driver.checkpoint();
  await driver.crash();
  await driver.start();
  assert.ok(driver.source.calls.includes("seek 0 2"));
  await driver.stop();
});

s("should not checkpoint if nothing was processed", async () => {
  const driver = await new TaskDriver().start();
  const writes = driver.store().writes.length;
  await driver.clock.advance(10_000);
  assert.is(driver.store().writes.length, writes);
  await driver.stop();
});

s("should write rows and offset in one batch", async () => {
  const driver = await new TaskDriver().start();
  await driver.pipe([insert({ id: 1, email: "a" }, 10), insert({ id: 2, email: "b" }, 11)]);
  await driver.checkpoint();
  const expected = "two rows, the next offset and the changelog's offset";
  assert.equal(driver.store().writes.slice(-1), [4], expected);
  await driver.stop();
});

s.run();
