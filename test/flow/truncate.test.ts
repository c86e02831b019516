import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { CdcError } from "../../src/lib/errors.ts";
import type { SegmentMessage } from "../../src/map/sync.ts";
import { TOPIC } from "../support/debezium.ts";
import { insert, read, remove, truncate, update } from "../support/table.ts";
import { TaskDriver } from "../support/task-driver.ts";

const s = suite("flow: TRUNCATE");

const eventsOf = (messages: readonly SegmentMessage[]) =>
  messages.map(({ event, userId }) => `${event} ${userId}`).sort();
const user = (id: number, lsn: number) => insert({ id, email: `${id}@x` }, lsn);

/** Rows 1 and 2 in partition 0, 3 in partition 1, 4 in partition 2. */
async function withRows(more: object = {}): Promise<TaskDriver> {
  const driver = await new TaskDriver({ partitions: 3, ...more }).start();
  await driver.pipe([user(1, 10), user(2, 11)], 0);
  await driver.pipe(user(3, 12), 1);
  await driver.pipe(user(4, 13), 2);
  driver.taken();
  return driver;
}

const ALL_REMOVED = ["Removed 1", "Removed 2", "Removed 3", "Removed 4"];

for (const partition of [0, 1, 2]) {
  s(
    `should remove every row of every partition, with the record in partition ${partition}`,
    async () => {
      const driver = await withRows();
      assert.equal(eventsOf(await driver.pipe(truncate(50), partition)), ALL_REMOVED);
      await driver.stop();
    },
  );
}

s("should log what a truncate waits for, and how many rows each partition removed", async () => {
  const driver = await withRows();
  await driver.pipe(truncate(50), 0);
  await driver.pipe([]);
  const [received, ...more] = driver.log.with(/truncate received/);
  const tp = { topic: TOPIC, partition: 0, offset: 2 };
  assert.equal(
    [received?.level, received?.fields, more],
    ["info", { ...tp, waitsFor: [1, 2] }, []],
  );
  const waits = driver.log
    .with(/truncate applied by a partition/)
    .map(({ fields }) => fields.waitsFor);
  assert.equal(
    waits.map((of) => (of as number[]).length),
    [1, 0],
    "one partition fewer each time",
  );
  const rows = driver.log.with(/^truncate applied$/).map(({ fields }) => fields);
  assert.equal(
    Object.fromEntries(rows.map(({ partition, record, rows }) => [`${partition} ${record}`, rows])),
    { [`0 ${TOPIC}/0@2`]: 2, [`1 ${TOPIC}/0@2`]: 1, [`2 ${TOPIC}/0@2`]: 1 },
  );
  await driver.stop();
});

s("should log a truncate that is ignored", async () => {
  const driver = await withRows({ model: `{topic: ${TOPIC}, key: [id], onTruncate: ignore}` });
  await driver.pipe(truncate(50), 0);
  const [line, ...more] = driver.log.with(/truncate/);
  assert.equal([line?.text, more], ["truncate ignored", []]);
  await driver.stop();
});

s("should also remove rows that are already stored", async () => {
  const driver = await withRows();
  await driver.checkpoint();
  assert.equal(eventsOf(await driver.pipe(truncate(50), 1)), ALL_REMOVED);
  await driver.stop();
});

s("should remove each row with its user, its properties and an id of its own", async () => {
  const driver = await withRows();
  const sent = await driver.pipe(truncate(50));
  assert.equal(
    sent.map(({ userId, properties }) => [userId, properties?.email]).sort(),
    [1, 2, 3, 4].map((id) => [String(id), `${id}@x`]),
  );
  assert.is(new Set(sent.map(({ messageId }) => messageId)).size, 4);
  await driver.stop();
});

s("should keep rows that are newer than the truncate, in any order of the partitions", async () => {
  const driver = await withRows();
  // Partition 1 is ahead: its new row was inserted after the truncate.
  await driver.pipe([user(5, 60), update({ id: 3, email: "new" }, 61)], 1);
  driver.taken();
  assert.equal(eventsOf(await driver.pipe(truncate(50), 0)), [
    "Removed 1",
    "Removed 2",
    "Removed 4",
  ]);
  assert.is(driver.counters.get("stale"), 0);
  assert.equal(eventsOf(await driver.pipe(remove(5, 70), 1)), ["Removed 5"]);
  await driver.stop();
});

s("should drop as stale a late record from before the truncate", async () => {
  const driver = await withRows();
  await driver.pipe(truncate(50), 0);
  driver.taken();
  // Partition 2 lags behind: these changes were committed before the truncate.
  assert.equal(await driver.pipe([user(6, 40), update({ id: 4, email: "late" }, 45)], 2), []);
  assert.equal(eventsOf(await driver.pipe(user(6, 60), 2)), ["Added 6"]);
  await driver.stop();
});

s(
  "should compare commit times if a row has no source position, as after an incremental read",
  async () => {
    const driver = await withRows();
    const incremental = { snapshot: "incremental", lsn: null };
    const rows = [read({ id: 8, email: "8@x" }, 49, incremental), read({ id: 9 }, 51, incremental)];
    await driver.pipe(rows, 0);
    driver.taken();
    assert.equal(eventsOf(await driver.pipe(truncate(50), 0)), [...ALL_REMOVED, "Removed 8"]);
    await driver.stop();
  },
);

s("should still apply the truncate after a restart", async () => {
  const driver = await withRows();
  await driver.pipe(truncate(50), 0);
  await driver.checkpoint();
  await driver.crash();
  await driver.start();
  driver.taken();
  for (const partition of [0, 1, 2]) {
    assert.equal(await driver.pipe(user(6 + partition, 40), partition), []);
  }
  await driver.stop();
});

s("should process the records behind the truncate after it", async () => {
  const driver = await withRows();
  const sent = await driver.pipe([truncate(50), user(1, 60)], 0);
  assert.equal(eventsOf(sent), ["Added 1", ...ALL_REMOVED]);
  const ofUser1 = sent.filter(({ userId }) => userId === "1").map(({ event }) => event);
  assert.equal(ofUser1, ["Removed", "Added"]);
  await driver.stop();
});

s("should finish two simultaneous truncates of one topic", async () => {
  const driver = await withRows();
  await driver.source.pause({ topic: TOPIC, partition: 0 });
  const both = Promise.all([driver.pipe(truncate(50), 0), driver.pipe(truncate(51), 1)]);
  await driver.source.resume({ topic: TOPIC, partition: 0 });
  await both;
  await driver.pipe([]);
  assert.is(driver.counters.get("truncates"), 2);
  assert.equal(eventsOf(driver.segment.taken.slice(4)), ALL_REMOVED);
  assert.equal(eventsOf(await driver.pipe(user(1, 60), 0)), ["Added 1"]);
  assert.equal(eventsOf(await driver.pipe(user(3, 61), 1)), ["Added 3"]);
  await driver.stop();
});

s("should apply the newer truncate when an older one is delivered again", async () => {
  const driver = await withRows();
  await driver.pipe([truncate(30), truncate(50), truncate(30)], 0);
  driver.taken();
  assert.equal(await driver.pipe(user(7, 40), 1), []);
  await driver.stop();
});

s(
  "should remove a row that a snapshot read in the same second, by its binlog coordinates",
  async () => {
    const driver = await new TaskDriver().start();
    const source = { connector: "mysql", lsn: null, file: "binlog.000007", row: 0, ts_ms: 5_000 };
    await driver.pipe(read({ id: 1 }, 1, { ...source, server_id: 0, pos: 100 }));
    driver.taken();
    const record = truncate(1);
    Object.assign((record.value as { source: object }).source, source, { server_id: 3, pos: 200 });
    assert.equal(eventsOf(await driver.pipe(record)), ["Removed 1"]);
    await driver.stop();
  },
);

s("should send nothing twice when the truncate is delivered again", async () => {
  const driver = await withRows();
  assert.equal(eventsOf(await driver.pipe([truncate(50), truncate(50)], 0)), ALL_REMOVED);
  await driver.stop();
});

s("should remove all rows if a backup was restored and source positions went back", async () => {
  const driver = await withRows();
  const restored = truncate(5);
  (restored.value as { source: { ts_ms: number } }).source.ts_ms = 1_900_000_000_000;
  assert.equal(eventsOf(await driver.pipe(restored, 0)), ALL_REMOVED);
  await driver.stop();
});

s("should continue the removals after a crash in the middle, with the same ids", async () => {
  const removed = (driver: TaskDriver) =>
    new Set(
      driver.segment.taken
        .filter(({ event }) => event === "Removed")
        .map(({ messageId }) => messageId),
    );
  const undisturbed = await withRows();
  await undisturbed.pipe(truncate(50), 1);
  const expected = removed(undisturbed);
  await undisturbed.stop();

  const driver = await withRows();
  await driver.checkpoint();
  driver.crashOn("before store");
  await driver.pipe(truncate(50), 1);
  await driver.crash();
  await driver.start();
  await driver.pipe([]);
  assert.equal(removed(driver), expected);
  await driver.stop();
});

s("should keep the rows with `onTruncate: ignore` and stop with `onTruncate: stop`", async () => {
  const model = (onTruncate: string) => `{topic: ${TOPIC}, key: [id], onTruncate: ${onTruncate}}`;
  const ignoring = await withRows({ model: model("ignore") });
  assert.equal(await ignoring.pipe(truncate(50)), []);
  assert.equal(eventsOf(await ignoring.pipe(remove(1, 60))), ["Removed 1"]);
  await ignoring.stop();

  const stopping = await withRows({ model: model("stop") });
  assert.equal(await stopping.pipe(truncate(50)), []);
  assert.equal(
    stopping.failures.map((error) => (error as CdcError).code),
    ["TRUNCATED"],
  );
  await stopping.stop();
});

s.run();
