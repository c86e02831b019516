import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { SegmentMessage } from "../../src/map/sync.ts";
import { TOPIC } from "../support/debezium.ts";
import { type Change, insert, read, remove, update } from "../support/table.ts";
import { TaskDriver } from "../support/task-driver.ts";

const s = suite("flow: rows missing from a complete snapshot");

const WAIT_MS = 60_000;
const MODEL = `{topic: ${TOPIC}, key: [id], reconcile: true}`;

const eventsOf = (messages: readonly SegmentMessage[]) =>
  messages.map(({ event, userId }) => `${event} ${userId}`).sort();
const row = (id: number) => ({ id, email: `${id}@x` });
const last = (id: number, lsn: number, marker = "last_in_data_collection"): Change =>
  read(row(id), lsn, { snapshot: marker });

/** Rows 1 and 2 in partition 0, 3 in partition 1, 4 in partition 2. */
async function withRows(more: object = {}): Promise<TaskDriver> {
  const driver = await new TaskDriver({ partitions: 3, model: MODEL, ...more }).start();
  await driver.pipe([insert(row(1), 10), insert(row(2), 11)], 0);
  await driver.pipe(insert(row(3), 12), 1);
  await driver.pipe(insert(row(4), 13), 2);
  driver.taken();
  return driver;
}

for (const marker of ["last_in_data_collection", "last"]) {
  s(`should be removed in every partition after the read marked as ${marker}`, async () => {
    const driver = await withRows();
    // Rows 2 and 4 were deleted before the snapshot; partition 2 has no rows left.
    await driver.pipe(read(row(1), 50), 0);
    assert.equal(await driver.pipe(last(3, 50, marker), 1), []);
    await driver.clock.advance(WAIT_MS - 10);
    assert.equal(driver.taken(), []);
    await driver.clock.advance(2_000);
    assert.equal(eventsOf(driver.taken()), ["Removed 2", "Removed 4"]);
    assert.is(driver.counters.get("reconciled"), 2);
    const lines = driver.log.with(/rows missing from a complete snapshot removed/);
    assert.equal(
      lines
        .map(({ fields: { partition, record, rows } }) => `${partition}: ${rows}, by ${record}`)
        .sort(),
      [1, 0, 1].map((rows, partition) => `${partition}: ${rows}, by ${TOPIC}/1@1`),
    );
    await driver.stop();
  });
}

s("should stay without the setting", async () => {
  const driver = await withRows({ model: `{topic: ${TOPIC}, key: [id]}` });
  await driver.pipe(last(1, 50), 0);
  await driver.clock.advance(2 * WAIT_MS);
  assert.equal(driver.taken(), []);
  await driver.stop();
});

s("should stay while the snapshot is not complete", async () => {
  const driver = await withRows();
  await driver.pipe(read(row(1), 50), 0);
  await driver.clock.advance(2 * WAIT_MS);
  assert.equal(driver.taken(), []);
  await driver.stop();
});

s("should stay if their reads arrive late, within `reconcileDelay`", async () => {
  const driver = await withRows();
  await driver.pipe([read(row(1), 50), read(row(2), 50)], 0);
  await driver.pipe(last(3, 50), 1);
  await driver.clock.advance(WAIT_MS / 2);
  await driver.pipe(read(row(4), 50), 2);
  await driver.clock.advance(WAIT_MS);
  assert.equal(driver.taken(), []);
  await driver.stop();
});

s(
  "should not include rows that were inserted or changed during the snapshot or after it",
  async () => {
    const driver = await withRows();
    await driver.pipe([read(row(1), 50), read(row(2), 50)], 0);
    await driver.pipe(last(3, 50), 1);
    // Partition 2 has no read of the snapshot: row 4 was deleted, row 5 is new.
    await driver.pipe(insert(row(5), 55), 2);
    driver.taken();
    await driver.clock.advance(WAIT_MS + 2_000);
    assert.equal(eventsOf(driver.taken()), ["Removed 4"]);
    await driver.stop();
  },
);

s(
  "should be found with the reads of the last snapshot if an earlier one was interrupted",
  async () => {
    const driver = await withRows();
    await driver.pipe([read(row(1), 40), read(row(2), 40)], 0);
    // The connector restarts its snapshot; row 2 was deleted in between.
    await driver.pipe(read(row(1), 50), 0);
    await driver.pipe(read(row(4), 50), 2);
    await driver.pipe(last(3, 50), 1);
    await driver.clock.advance(WAIT_MS + 2_000);
    assert.equal(eventsOf(driver.taken()), ["Removed 2"]);
    await driver.stop();
  },
);

s("should be found by their reads if the connector has no source position", async () => {
  const oracle = { connector: "oracle", lsn: null };
  const driver = await new TaskDriver({ partitions: 2, model: MODEL }).start();
  await driver.pipe([1, 2, 3].map((id) => insert(row(id), 10, oracle)));
  driver.taken();
  await driver.pipe([1, 2].map((id) => read(row(id), 50, oracle)));
  await driver.pipe(read(row(9), 50, { ...oracle, snapshot: "last" }), 1);
  driver.taken();
  await driver.clock.advance(WAIT_MS + 2_000);
  assert.equal(eventsOf(driver.taken()), ["Removed 3"]);
  await driver.stop();
});

s("should be found with the newer of two snapshots, in any order of the partitions", async () => {
  const driver = await withRows();
  await driver.pipe([read(row(1), 40), read(row(2), 40), read(row(1), 50)], 0);
  await driver.pipe(last(3, 50), 1);
  await driver.pipe([last(4, 40), read(row(4), 50)], 2);
  await driver.clock.advance(WAIT_MS + 2_000);
  assert.equal(eventsOf(driver.taken()), ["Removed 2"]);
  await driver.stop();
});

const MYSQL = { connector: "mysql", lsn: null, file: "binlog.000007", row: 0 };

s("should be found by source position, not by time, in a partition without reads", async () => {
  for (const [source, coordinate] of [
    [{}, (lsn: number) => ({ lsn })],
    [MYSQL, (pos: number) => ({ pos })],
  ] as const) {
    const driver = await new TaskDriver({ partitions: 2, model: MODEL }).start();
    const position = (pos: number, server: number, ts_ms: number) => ({
      ...source,
      ...coordinate(pos),
      server_id: server,
      ts_ms,
    });
    await driver.pipe(insert(row(1), 10, position(10, 5, 1_000)), 0);
    await driver.pipe(
      [8, 9].map((id) => insert(row(id), id, position(id, 5, 1_000))),
      1,
    );
    await driver.pipe(read(row(1), 50, { ...position(50, 0, 9_000), snapshot: "last" }), 0);
    // Inserted after the snapshot's source position, on a server whose clock is behind.
    await driver.pipe(insert(row(7), 60, position(60, 5, 8_000)), 1);
    driver.taken();
    await driver.clock.advance(WAIT_MS + 2_000);
    assert.equal(eventsOf(driver.taken()), ["Removed 8", "Removed 9"]);
    await driver.stop();
  }
});

s("should stay if their read was rejected by the filter", async () => {
  const where = `{topic: ${TOPIC}, key: [id], reconcile: true, where: row.age > 0}`;
  const driver = await new TaskDriver({ model: where }).start();
  const aged = [1, 2, 3].map((id) => ({ ...row(id), age: 1 }));
  await driver.pipe(aged.map((user) => insert(user, 10)));
  driver.taken();
  const [first, , third] = aged as [(typeof aged)[0], unknown, (typeof aged)[0]];
  await driver.pipe([read(first, 50), read(row(2), 50)]);
  await driver.pipe(read(third, 50, { snapshot: "last" }));
  await driver.clock.advance(WAIT_MS + 2_000);
  assert.equal(driver.taken(), []);
  assert.is(driver.deadLetters.length, 1);
  await driver.stop();
});

s("should stay in a partition with an undecodable record, which may be of any row", async () => {
  const driver = await withRows();
  const broken = { key: { id: 2 }, value: "{broken" };
  await driver.pipe([read(row(1), 50), broken], 0);
  await driver.pipe(last(3, 50), 1);
  await driver.clock.advance(WAIT_MS + 2_000);
  assert.equal(eventsOf(driver.taken()), ["Removed 4"]);
  await driver.stop();
});

s("should stay if a late record is among the reads", async () => {
  const driver = await withRows();
  const late = update({ ...row(2), email: "late" }, 9);
  await driver.pipe([read(row(1), 50), late, read(row(2), 50)], 0);
  await driver.pipe(read(row(4), 50), 2);
  await driver.pipe(last(3, 50), 1);
  await driver.clock.advance(WAIT_MS + 2_000);
  assert.equal(driver.taken(), []);
  await driver.stop();
});

s("should be removed once, and stay removed when an older change arrives late", async () => {
  const driver = await withRows();
  await driver.pipe(read(row(1), 50), 0);
  await driver.pipe(read(row(4), 50), 2);
  await driver.pipe(last(3, 50), 1);
  await driver.clock.advance(WAIT_MS + 2_000);
  assert.equal(eventsOf(driver.taken()), ["Removed 2"]);
  assert.equal(await driver.pipe(remove(2, 45), 0), []);
  assert.equal(await driver.pipe(insert(row(2), 44), 0), []);
  assert.equal(eventsOf(await driver.pipe(insert(row(2), 60), 0)), ["Added 2"]);
  await driver.stop();
});

s("should be removed after a restart in the middle, with the same ids", async () => {
  const ids = async (disturb: (driver: TaskDriver) => Promise<unknown>) => {
    const driver = await withRows();
    await driver.checkpoint();
    await driver.pipe(read(row(1), 50), 0);
    await driver.pipe(last(3, 50), 1);
    await disturb(driver);
    await driver.clock.advance(2 * WAIT_MS);
    await driver.stop();
    const removed = driver.segment.taken.filter(({ event }) => event === "Removed");
    return [...new Set(removed.map(({ messageId }) => messageId))].sort();
  };
  const restart = async (driver: TaskDriver) => {
    await driver.crash();
    await driver.start();
  };
  const expected = await ids(async () => {});
  assert.is(expected.length, 2);
  assert.equal(await ids(restart), expected);
  const later = async (driver: TaskDriver) => driver.checkpoint().then(() => restart(driver));
  assert.equal(await ids(later), expected);
  const inTheMiddle = async (driver: TaskDriver) => {
    driver.crashOn("before store");
    await driver.clock.advance(WAIT_MS + 2_000);
    await restart(driver);
  };
  assert.equal(await ids(inTheMiddle), expected);
});

s("should not be found by an incremental snapshot", async () => {
  const driver = await withRows();
  await driver.pipe(read(row(1), 50, { snapshot: "incremental", lsn: null }), 0);
  await driver.clock.advance(2 * WAIT_MS);
  assert.equal(driver.taken(), []);
  await driver.stop();
});

s.run();
