import { suite } from "uvu";
import * as assert from "uvu/assert";
import { heldBackfill } from "../support/held-backfill.ts";
import { commitTimeOf, insert, remove, tombstone, update } from "../support/table.ts";
import { TaskDriver } from "../support/task-driver.ts";

const s = suite("flow: the status of a task");

const users = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => insert({ id: from + i, email: "a@x" }, from + i + 1));
const SYNC =
  "{model: users, type: track, userId: id, properties: [email], initialResults: send, events: {added: Added}}";

async function statusOf(driver: TaskDriver) {
  const [task, ...others] = await driver.taskStatuses();
  assert.equal(others, []);
  if (!task) throw new Error("there is no task");
  return task;
}

s("should contain the stored offset, not the processed one", async () => {
  const driver = await new TaskDriver().start();
  await driver.pipe(users(0, 3));
  const before = await statusOf(driver);
  assert.equal([before.taskState, before.nextOffset, before.isAllStored], ["running", 0, false]);
  assert.is(before.usage?.uncommitted_rows.used, 3);
  assert.is(before.time, commitTimeOf(1), "the time of the oldest record that is not stored");
  assert.is(before.checkpointed, null);
  await driver.checkpoint();
  const after = await statusOf(driver);
  assert.equal([after.nextOffset, after.isAllStored, after.time], [3, true, commitTimeOf(3)]);
  assert.equal(after.usage?.uncommitted_rows, { used: 0, limit: 10_000 });
  assert.is(after.checkpointed, driver.clock.now());
  await driver.stop();
});

s("should be paused, with its usage, while Segment does not respond", async () => {
  const limits = "limits: {queueRecords: 100, deliveryMessages: 200}";
  const driver = await new TaskDriver({ more: limits }).start();
  const respond = driver.segment.hold();
  await driver.pipe(users(0, 2_000));
  const { taskState, nextOffset, usage } = await statusOf(driver);
  assert.equal([taskState, nextOffset], ["paused", 0]);
  assert.ok((usage?.queue_records.used ?? 0) >= 100);
  assert.is(usage?.queue_records.limit, 100);
  assert.ok((usage?.queue_bytes.used ?? 0) > 1_000);
  assert.ok((usage?.delivery_queue_messages.used ?? 0) >= 200);
  assert.is(usage?.delivery_queue_messages.limit, 200);
  assert.ok((usage?.delivery_queue_bytes.used ?? 0) > 1_000);
  respond();
  await driver.clock.advance(60_000);
  const after = await statusOf(driver);
  assert.equal([after.taskState, after.nextOffset], ["running", 2_000]);
  assert.equal(
    [
      after.usage?.queue_records.used,
      after.usage?.queue_bytes.used,
      after.usage?.delivery_queue_bytes.used,
    ],
    [0, 0, 0],
  );
  await driver.stop();
});

s("should be backfilling while a new sync reads the stored rows", async () => {
  const { driver, respond } = await heldBackfill(users(0, 300));
  assert.is((await statusOf(driver)).taskState, "backfilling");
  respond();
  await driver.clock.advance(60_000);
  assert.is((await statusOf(driver)).taskState, "running");
  await driver.stop();
});

s(
  "should be created until its changelog is available, and then contain the restored offsets",
  async () => {
    const driver = await new TaskDriver().start();
    for (const id of [1, 2, 3]) {
      await driver.pipe(insert({ id, email: "a@x" }, id));
      await driver.checkpoint();
    }
    await driver.stop();
    driver.replaceStore(0, null);
    const { own } = driver.changelog;
    const available = Promise.withResolvers<void>();
    driver.changelog.own = async (tp) => {
      await available.promise;
      return own.call(driver.changelog, tp);
    };
    await driver.start();
    const created = await statusOf(driver);
    assert.equal([created.taskState, created.nextOffset, created.usage], ["created", null, null]);
    assert.is(driver.isSettled, false);
    available.resolve();
    await driver.clock.advance(0);
    const { taskState, nextOffset, restore } = await statusOf(driver);
    assert.equal([taskState, nextOffset, driver.isSettled], ["running", 3, true]);
    assert.ok(restore && restore.total >= 4 && restore.done === restore.total);
    await driver.stop();
  },
);

s("should be restoring, with its progress, while its changelog is read", async () => {
  const driver = await new TaskDriver().start();
  await driver.pipe(users(0, 3));
  await driver.stop();
  driver.replaceStore(0, null);
  const { own } = driver.changelog;
  const remaining = Promise.withResolvers<void>();
  driver.changelog.own = async (tp) => {
    const owned = await own.call(driver.changelog, tp);
    return {
      ...owned,
      async *read(from) {
        let isFirst = true;
        for await (const chunk of owned.read(from)) {
          if (!isFirst) await remaining.promise;
          isFirst = false;
          yield chunk;
        }
      },
    };
  };
  await driver.start();
  const { taskState, restore } = await statusOf(driver);
  assert.is(taskState, "restoring");
  assert.ok(restore && restore.done > 0 && restore.done < restore.total);
  remaining.resolve();
  await driver.clock.advance(0);
  assert.is((await statusOf(driver)).taskState, "running");
  await driver.stop();
});

s("should count changes and messages by sync", async () => {
  const other = SYNC.replace("[email]", "[plan]").replace("initialResults: send, ", "");
  const driver = await new TaskDriver({ syncs: `{one: ${SYNC}, two: ${other}}` }).start();
  await driver.pipe(insert({ id: 1, email: "a@x", plan: "free" }, 1));
  await driver.pipe(update({ id: 1, email: "a@x", plan: "pro" }, 2));
  await driver.pipe(update({ id: 1, email: "b@x", plan: "pro" }, 3));
  await driver.pipe([remove(1, 4), tombstone(1)]);
  const { syncs, records } = driver.counters;
  const [one, two] = [syncs.get("one"), syncs.get("two")];
  assert.equal([one?.added, one?.changed, one?.removed, one?.skipped.unchanged], [1, 1, 1, 1]);
  assert.equal([two?.added, two?.changed, two?.removed, two?.skipped.unchanged], [1, 1, 1, 1]);
  assert.equal([one?.messages, one?.messages_delivered], [1, 1], "changes without an event");
  assert.equal([records.json.row, records.none.tombstone], [4, 1]);
  assert.is(driver.counters.delivery.count, 2);
  await driver.stop();
});

s("should measure deliveries from the commit, checkpoints and delivered bytes", async () => {
  const driver = await new TaskDriver().start();
  const { clock, counters, segment } = driver;
  const { delivery, checkpoint } = counters;
  await clock.advance(2_500);
  await driver.pipe(insert({ id: 1, email: "ä€@x" }, 1));
  assert.equal([delivery.count, delivery.sum], [1, 1.5], "committed at second 1, delivered at 2.5");
  assert.equal([checkpoint.count, checkpoint.sum], [1, 0]);
  const respond = segment.hold();
  await driver.pipe([insert({ id: 2, email: "b@x" }, 2), insert({ id: 3, email: "c@x" }, 3)]);
  // A stop checkpoints immediately, and the checkpoint waits for the response.
  const stopped = driver.stop();
  await clock.advance(7_000);
  respond();
  await stopped;
  assert.equal([delivery.count, delivery.sum], [3, 1.5 + 7.5 + 6.5]);
  assert.equal([checkpoint.count, checkpoint.sum], [2, 7]);
  const bytes = segment.taken.map((message) => Buffer.byteLength(JSON.stringify(message)));
  assert.is(
    counters.get("bytes_delivered"),
    bytes.reduce((sum, one) => sum + one, 0),
  );
});

s("should count omitted fields, and ignored rows without a user", async () => {
  const syncs = `{traits: {model: users, type: identify, userId: uid, missingUser: ignore,
    traits: {email: email, plan: plan, length: {cel: "size(row.plan)"}}}}`;
  const driver = await new TaskDriver({ syncs }).start();
  const [sent, ...more] = await driver.pipe([
    insert({ id: 1, uid: "u1", email: "a@x" }, 1),
    insert({ id: 2, uid: null, email: "b@x" }, 2),
    insert({ id: 3, uid: null, email: "c@x" }, 3),
    insert({ id: 4, uid: null, email: "d@x" }, 4),
  ]);
  assert.equal([sent?.userId, sent?.traits, more], ["u1", { email: "a@x" }, []]);
  assert.is(driver.counters.get("missingUser"), 3);
  assert.is(driver.counters.get("fields_left_out"), 2);
  const fields = driver.counters.reasons("fields_left_out").map(([reason]) => reason.split(":")[0]);
  assert.equal(fields.toSorted(), ["traits.length", "traits.plan"]);
  assert.equal(driver.deadLetters, []);
  await driver.stop();
});

s.run();
