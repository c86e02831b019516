import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { CdcError } from "../../src/lib/errors.ts";
import type { SegmentMessage } from "../../src/map/sync.ts";
import { TOPIC } from "../support/debezium.ts";
import { insert, remove, update } from "../support/table.ts";
import { TaskDriver } from "../support/task-driver.ts";

const s = suite("flow: restore from the changelog");

const TP = { topic: TOPIC, partition: 0 };
const row = (id: number, email = `${id}@x`) => ({ id, email });
const eventsOf = (messages: readonly SegmentMessage[]) =>
  messages.map(({ event, userId }) => `${event} ${userId}`);

/** Rows 1 to 3, of which 3 was removed, stored; the process has stopped. */
async function stopped(more: object = {}): Promise<TaskDriver> {
  const driver = await new TaskDriver(more).start();
  await driver.pipe([insert(row(1), 10), insert(row(2), 11), insert(row(3), 12), remove(3, 13)]);
  await driver.stop();
  driver.taken();
  return driver;
}

/** The state is complete: a repeated row sends nothing, an update is a change, a late record of a removed row is stale. */
async function assertComplete(driver: TaskDriver): Promise<void> {
  const changes = [update(row(1), 20), insert(row(3), 12), update(row(2, "new"), 21)];
  assert.equal(eventsOf(await driver.pipe(changes)), ["Changed 2"]);
  assert.is(driver.counters.get("unchanged"), 1);
  assert.is(driver.counters.get("stale"), 1);
}

s("should have the same entries in changelog and store", async () => {
  const driver = await stopped();
  const shared = (key: string) => /^[hpr]/.test(key);
  assert.equal(
    [...driver.changelog.contents(TP).keys()].sort(),
    ["h", "p", "r"].flatMap((prefix) => driver.store().keys(prefix)).filter(shared),
  );
});

s("should restore everything if the state directory is lost", async () => {
  const driver = await stopped();
  driver.replaceStore(0, null);
  await driver.start();
  assert.is(driver.source.nextOffset(TP), 4);
  await assertComplete(driver);
  await driver.stop();
});

s("should restore everything from a compacted changelog", async () => {
  const driver = await stopped();
  await driver.start();
  await driver.pipe([update(row(1, "b"), 14), update(row(1, "c"), 15), update(row(1), 16)]);
  await driver.stop();
  driver.taken();
  driver.changelog.compact(TP);
  driver.replaceStore(0, null);
  await driver.start();
  await assertComplete(driver);
  await driver.stop();
});

s("should restore the rest if the state directory is older", async () => {
  const driver = await new TaskDriver().start();
  await driver.pipe([insert(row(1), 10)]);
  await driver.checkpoint();
  const before = driver.store().crashed();
  await driver.pipe([insert(row(2), 11), insert(row(3), 12), remove(3, 13)]);
  await driver.stop();
  driver.taken();
  driver.replaceStore(0, before);
  await driver.start();
  assert.is(driver.source.nextOffset(TP), 4);
  await assertComplete(driver);
  await driver.stop();
});

s("should discard a state directory that is older than `state.deleteRetention`", async () => {
  const driver = await new TaskDriver({ more: "checkpoint: {interval: 10m}" }).start();
  await driver.pipe([insert(row(1), 10), insert(row(4), 11)]);
  await driver.checkpoint();
  const before = driver.store().crashed();
  await driver.pipe([insert(row(2), 12), insert(row(3), 12), remove(4, 12)]);
  await driver.checkpoint();
  // The delete marker of row 4 expires, and compaction removes its tombstone from the changelog.
  await driver.clock.advance(8 * 86_400_000);
  await driver.pipe(remove(3, 13));
  await driver.checkpoint();
  await driver.clock.advance(60_000);
  await driver.pipe(update(row(2), 14));
  await driver.stop();
  assert.not.ok(driver.changelog.contents(TP).has("r[4]"));
  driver.replaceStore(0, before);
  await driver.start();
  assert.equal(driver.store().keys("r"), ["r[1]", "r[2]", "r[3]"]);
  await driver.stop();
});

s("should rewrite a lost changelog", async () => {
  const driver = await stopped();
  driver.changelog.lose();
  await driver.start();
  await driver.stop();
  driver.replaceStore(0, null);
  await driver.start();
  await assertComplete(driver);
  await driver.stop();
});

s("should rewrite a lost changelog completely after an interrupted attempt", async () => {
  const driver = await stopped();
  driver.changelog.lose();
  await driver.start([]);
  driver.crashOn("before changelog");
  driver.source.assign(driver.partitions);
  await driver.pipe([]);
  await driver.crash();
  await driver.start();
  await driver.stop();
  driver.replaceStore(0, null);
  await driver.start();
  await assertComplete(driver);
  await driver.stop();
});

s("should start a changelog for a state without one", async () => {
  const driver = await stopped({ more: "state: {changelog: false}" });
  assert.equal(driver.changelog.contents(TP).size, 0);
  await driver.reconfigure({}).start();
  await driver.stop();
  driver.replaceStore(0, null);
  await driver.start();
  await assertComplete(driver);
  await driver.stop();
});

s(
  "should reject a state without a changelog if the changelog belongs to another state",
  async () => {
    const driver = await stopped();
    driver.replaceStore(0, null);
    driver.source.committed.clear();
    await driver.reconfigure({ more: "state: {changelog: false}" }).start();
    await driver.stop();
    await driver.reconfigure({}).start();
    assert.is((driver.failures[0] as CdcError)?.code, "STATE_UNREADABLE");
  },
);

s(
  "should stop if state and changelog are both lost, and rebuild it with `onDataLoss: rebuild`",
  async () => {
    const driver = await stopped();
    driver.replaceStore(0, null);
    driver.changelog.lose();
    await driver.start();
    assert.is((driver.failures[0] as CdcError)?.code, "POSITION_LOST");
    await driver.crash();
    await driver.reconfigure({ more: "state: {onDataLoss: rebuild}" }).start();
    await driver.pipe([]);
    assert.is(driver.source.nextOffset(TP), 4);
    await assertComplete(driver);
    const [line, ...more] = driver.log.with(/data loss detected/);
    assert.equal([line?.level, more], ["warn", []]);
    assert.is(line?.text, "data loss detected; continuing at offset 0");
    const { dataLoss, ...fields } = line?.fields ?? {};
    assert.equal(fields, { ...TP, offset: 0, rebuild: true });
    assert.match(String(dataLoss), /up to offset 4, .* previous rows are lost/);
    await driver.stop();
  },
);

s("should log the lost offsets with `onDataLoss: continue`", async () => {
  const driver = await stopped();
  // The topic was recreated and is empty.
  driver.source.recreate(TP);
  await driver.reconfigure({ more: "state: {onDataLoss: continue}" }).start();
  const [line] = driver.log.with(/data loss detected; continuing at offset/);
  assert.match(String(line?.fields.dataLoss), /next offset to process is 4 and its log ends at 0/);
  assert.equal(driver.failures, []);
  await driver.stop();
});

s("should purge old rows when the state is rebuilt, in the changelog too", async () => {
  const driver = await stopped();
  // The topic was recreated, with row 2 only.
  driver.source.recreate(TP);
  await driver.reconfigure({ more: "state: {onDataLoss: rebuild}" }).start();
  await driver.pipe([insert(row(2), 11)]);
  await driver.stop();
  assert.equal([...driver.changelog.contents(TP).keys()].sort(), ["p", "r[2]"]);
  assert.equal(driver.store().keys("r"), ["r[2]"]);
});

s("should fence a former owner without a failure of the pipeline", async () => {
  const driver = await new TaskDriver().start();
  await driver.pipe(insert(row(1), 10));
  // The partition is assigned to another process; ours does not know it yet.
  driver.source.lost.add(`${TOPIC}/0`);
  await driver.changelog.own(TP);
  const before = driver.changelog.contents(TP).size;
  await driver.checkpoint();
  await driver.clock.advance(120_000);
  assert.is(driver.changelog.contents(TP).size, before);
  assert.equal(driver.failures, []);
  assert.not.ok(driver.store().isOpen);
  // The partition is assigned to this process again.
  driver.source.lost.clear();
  driver.source.assign(driver.partitions);
  await driver.pipe(update(row(1, "b"), 20));
  await driver.checkpoint();
  assert.is(driver.source.committed.get(`${TOPIC}/0`), 2);
  await driver.stop();
});

s(
  "should reopen from its store if Kafka fenced its producer and no process took over",
  async () => {
    const driver = await new TaskDriver().start();
    await driver.pipe(insert(row(1), 10));
    await driver.checkpoint();
    await driver.pipe(insert(row(2), 20));
    // As after a transaction timeout: the producer is fenced, and no other owner wrote to the changelog.
    driver.changelog.fence(TP);
    await driver.checkpoint();
    await driver.pipe(insert(row(3), 30));
    await driver.clock.advance(2_000);
    assert.equal(driver.failures, []);
    assert.is(
      driver.source.calls.findLast((call) => call.startsWith("seek")),
      "seek 0 1",
    );
    await driver.checkpoint();
    assert.is(driver.source.committed.get(`${TOPIC}/0`), 3);
    // The message that was delivered and not stored is sent again, with the same id.
    assert.equal(eventsOf(driver.segment.taken), ["Added 1", "Added 2", "Added 2", "Added 3"]);
    assert.is(new Set(driver.segment.taken.map(({ messageId }) => messageId)).size, 3);
    await driver.stop();
  },
);

s("should fail if it is fenced repeatedly while its partition stays assigned", async () => {
  const driver = await new TaskDriver().start();
  for (let times = 1; times <= 5; times += 1) {
    assert.equal(driver.failures, []);
    await driver.pipe(insert(row(times), 10 * times));
    await driver.changelog.own(TP);
    await driver.checkpoint();
    await driver.clock.advance(2_000);
  }
  assert.is((driver.failures[0] as CdcError)?.code, "NAME_IN_USE");
  assert.match(
    (driver.failures[0] as CdcError).message,
    /another process keeps writing its changelog/,
  );
});

s.run();
