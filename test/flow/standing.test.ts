import { suite } from "uvu";
import * as assert from "uvu/assert";
import { insert, remove, timeAt, tombstone, update } from "../support/table.ts";
import { TaskDriver } from "../support/task-driver.ts";

/** What a task says of itself, at the moments that an operator asks about. */

const s = suite("flow: where a task stands");

const users = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => insert({ id: from + i, email: "a@x" }, from + i + 1));
const SYNC =
  "{model: users, type: track, userId: id, properties: [email], initialResults: send, events: {added: Added}}";

async function only(driver: TaskDriver) {
  const [task, ...others] = await driver.taskStatuses();
  assert.equal(others, []);
  if (!task) throw new Error("there is no task");
  return task;
}

s("should be how far it is stored, not how far it is processed", async () => {
  const driver = await new TaskDriver().start();
  await driver.pipe(users(0, 3));
  const before = await only(driver);
  assert.equal([before.taskState, before.nextOffset, before.isAllStored], ["running", 0, false]);
  assert.is(before.usage?.uncommitted_rows.now, 3);
  assert.is(before.time, timeAt(1), "the oldest that is not stored");
  assert.is(before.checkpointed, null);
  await driver.checkpoint();
  const after = await only(driver);
  assert.equal([after.nextOffset, after.isAllStored, after.time], [3, true, timeAt(3)]);
  assert.equal(after.usage?.uncommitted_rows, { now: 0, limit: 10_000 });
  assert.is(after.checkpointed, driver.clock.now());
  await driver.stop();
});

s("should be paused, with what it holds, while Segment does not take it", async () => {
  const limits = "limits: {queueRecords: 100, deliveryMessages: 200}";
  const driver = await new TaskDriver({ more: limits }).start();
  const response = driver.segment.hold();
  await driver.pipe(users(0, 2_000));
  const { taskState, nextOffset, usage } = await only(driver);
  assert.equal([taskState, nextOffset], ["paused", 0]);
  assert.ok((usage?.queue_records.now ?? 0) >= 100);
  assert.is(usage?.queue_records.limit, 100);
  assert.ok((usage?.queue_bytes.now ?? 0) > 1_000);
  assert.ok((usage?.delivery_queue_messages.now ?? 0) >= 200);
  assert.is(usage?.delivery_queue_messages.limit, 200);
  assert.ok((usage?.delivery_queue_bytes.now ?? 0) > 1_000);
  response();
  await driver.clock.advance(60_000);
  const after = await only(driver);
  assert.equal([after.taskState, after.nextOffset], ["running", 2_000]);
  assert.equal(
    [
      after.usage?.queue_records.now,
      after.usage?.queue_bytes.now,
      after.usage?.delivery_queue_bytes.now,
    ],
    [0, 0, 0],
  );
  await driver.stop();
});

s("should be walking while a new sync sees the stored rows", async () => {
  const driver = await new TaskDriver({ syncs: `{one: ${SYNC}}` }).start();
  await driver.pipe(users(0, 300));
  await driver.stop();
  const response = driver.segment.hold();
  const more = "limits: {deliveryMessages: 10}";
  await driver.reconfigure({ syncs: `{one: ${SYNC}, two: ${SYNC}}`, more }).start();
  assert.is((await only(driver)).taskState, "backfilling");
  response();
  await driver.clock.advance(60_000);
  assert.is((await only(driver)).taskState, "running");
  await driver.stop();
});

s("should be opening while its changelog is not there, and then say what it restored", async () => {
  const driver = await new TaskDriver().start();
  for (const id of [1, 2, 3]) {
    await driver.pipe(insert({ id, email: "a@x" }, id));
    await driver.checkpoint();
  }
  await driver.stop();
  driver.replaceStore(0, null);
  const { own } = driver.changelog;
  const there = Promise.withResolvers<void>();
  driver.changelog.own = async (tp) => {
    await there.promise;
    return own.call(driver.changelog, tp);
  };
  await driver.start();
  const opening = await only(driver);
  assert.equal([opening.taskState, opening.nextOffset, opening.usage], ["created", null, null]);
  assert.is(driver.isSettled, false);
  there.resolve();
  await driver.clock.advance(0);
  const { taskState, nextOffset, restore } = await only(driver);
  assert.equal([taskState, nextOffset, driver.isSettled], ["running", 3, true]);
  assert.ok(restore && restore.total >= 4 && restore.done === restore.total);
  await driver.stop();
});

s("should be restoring, with how far, while its changelog is read", async () => {
  const driver = await new TaskDriver().start();
  await driver.pipe(users(0, 3));
  await driver.stop();
  driver.replaceStore(0, null);
  const { own } = driver.changelog;
  const rest = Promise.withResolvers<void>();
  driver.changelog.own = async (tp) => {
    const owned = await own.call(driver.changelog, tp);
    return {
      ...owned,
      async *read(from) {
        let isFirst = true;
        for await (const chunk of owned.read(from)) {
          if (!isFirst) await rest.promise;
          isFirst = false;
          yield chunk;
        }
      },
    };
  };
  await driver.start();
  const { taskState, restore } = await only(driver);
  assert.is(taskState, "restoring");
  assert.ok(restore && restore.done > 0 && restore.done < restore.total);
  rest.resolve();
  await driver.clock.advance(0);
  assert.is((await only(driver)).taskState, "running");
  await driver.stop();
});

s("should count by sync what was sent, and what was not", async () => {
  const other = SYNC.replace("[email]", "[plan]").replace("initialResults: send, ", "");
  const driver = await new TaskDriver({ syncs: `{one: ${SYNC}, two: ${other}}` }).start();
  await driver.pipe(insert({ id: 1, email: "a@x", plan: "free" }, 1));
  await driver.pipe(update({ id: 1, email: "a@x", plan: "pro" }, 2));
  await driver.pipe(update({ id: 1, email: "b@x", plan: "pro" }, 3));
  await driver.pipe([remove(1, 4), tombstone(1)]);
  const { syncs, records } = driver.counters;
  const [one, two] = [syncs.get("one"), syncs.get("two")];
  assert.equal([one?.added, one?.changed, one?.removed, one?.calls_not_made], [1, 1, 1, 1]);
  assert.equal([two?.added, two?.changed, two?.removed, two?.calls_not_made], [1, 1, 1, 1]);
  assert.equal([one?.messages, one?.messages_delivered], [1, 1], "changes without an event");
  assert.equal([records.json.row, records.none.tombstone], [4, 1]);
  assert.is(driver.counters.delivery.count, 2);
  await driver.stop();
});

s(
  "should measure deliveries from the commit on, checkpoints, and the bytes that went out",
  async () => {
    const driver = await new TaskDriver().start();
    const { clock, counters, segment } = driver;
    const { delivery, checkpoint } = counters;
    await clock.advance(2_500);
    await driver.pipe(insert({ id: 1, email: "ä€@x" }, 1));
    assert.equal([delivery.count, delivery.sum], [1, 1.5], "committed at second 1, taken at 2.5");
    assert.equal([checkpoint.count, checkpoint.sum], [1, 0]);
    const response = segment.hold();
    await driver.pipe([insert({ id: 2, email: "b@x" }, 2), insert({ id: 3, email: "c@x" }, 3)]);
    // A stop makes its checkpoint at once, and that takes as long as Segment does.
    const stopped = driver.stop();
    await clock.advance(7_000);
    response();
    await stopped;
    assert.equal([delivery.count, delivery.sum], [3, 1.5 + 7.5 + 6.5]);
    assert.equal([checkpoint.count, checkpoint.sum], [2, 7]);
    const bytes = segment.taken.map((message) => Buffer.byteLength(JSON.stringify(message)));
    assert.is(
      counters.get("bytes_delivered"),
      bytes.reduce((sum, one) => sum + one, 0),
    );
  },
);

s("should count what messages lack, and rows without a user that are passed over", async () => {
  const syncs = `{traits: {model: users, type: identify, userId: uid, missingUser: ignore,
    traits: {email: email, plan: plan, letters: {cel: "size(row.plan)"}}}}`;
  const driver = await new TaskDriver({ syncs }).start();
  const [sent, ...more] = await driver.pipe([
    insert({ id: 1, uid: "u1", email: "a@x" }, 1),
    insert({ id: 2, uid: null, email: "b@x" }, 2),
    insert({ id: 3, uid: null, email: "c@x" }, 3),
    insert({ id: 4, uid: null, email: "d@x" }, 4),
  ]);
  assert.equal([sent?.userId, sent?.traits, more], ["u1", { email: "a@x" }, []]);
  assert.is(driver.counters.get("missing_users_ignored"), 3);
  assert.is(driver.counters.get("fields_left_out"), 2);
  const fields = driver.counters.reasons("fields_left_out").map(([reason]) => reason.split(":")[0]);
  assert.equal(fields.toSorted(), ["traits.letters", "traits.plan"]);
  assert.equal(driver.deadLetters, []);
  await driver.stop();
});

s.run();
