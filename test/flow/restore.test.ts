import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { CdcError } from "../../src/lib/errors.ts";
import type { SegmentMessage } from "../../src/map/sync.ts";
import { TOPIC } from "../support/debezium.ts";
import { insert, remove, update } from "../support/table.ts";
import { TaskDriver } from "../support/task-driver.ts";

const s = suite("flow: the state and its changelog");

const TP = { topic: TOPIC, partition: 0 };
const row = (id: number, email = `${id}@x`) => ({ id, email });
const told = (messages: readonly SegmentMessage[]) =>
  messages.map(({ event, userId }) => `${event} ${userId}`);

/** Rows 1 to 3, of which 3 was removed, made durable; the life has ended. */
async function left(more: object = {}): Promise<TaskDriver> {
  const driver = await new TaskDriver(more).start();
  await driver.pipe([insert(row(1), 10), insert(row(2), 11), insert(row(3), 12), remove(3, 13)]);
  await driver.stop();
  driver.taken();
  return driver;
}

/** What a life knows: no-ops send nothing, a change says what it was, a late record of a removed row is stale. */
async function knowsEverything(driver: TaskDriver): Promise<void> {
  const changes = [update(row(1), 20), insert(row(3), 12), update(row(2, "new"), 21)];
  assert.equal(told(await driver.pipe(changes)), ["Changed 2"]);
  assert.is(driver.counters.get("calls_not_made"), 1);
  assert.is(driver.counters.get("stale"), 1);
}

s("should hold in the changelog what the store holds", async () => {
  const driver = await left();
  const shared = (key: string) => /^[hpr]/.test(key);
  assert.equal(
    [...driver.changelog.contents(TP).keys()].sort(),
    ["h", "p", "r"].flatMap((deadLetter) => driver.store().keys(deadLetter)).filter(shared),
  );
});

s("should restore everything where the state folder is gone", async () => {
  const driver = await left();
  driver.replaceStore(0, null);
  await driver.start();
  assert.is(driver.source.position(TP), 4);
  await knowsEverything(driver);
  await driver.stop();
});

s("should restore everything from a changelog that was compacted", async () => {
  const driver = await left();
  await driver.start();
  await driver.pipe([update(row(1, "b"), 14), update(row(1, "c"), 15), update(row(1), 16)]);
  await driver.stop();
  driver.taken();
  driver.changelog.compact(TP);
  driver.replaceStore(0, null);
  await driver.start();
  await knowsEverything(driver);
  await driver.stop();
});

s("should read the tail where the state folder is from before", async () => {
  const driver = await new TaskDriver().start();
  await driver.pipe([insert(row(1), 10)]);
  await driver.checkpoint();
  const before = driver.store().crashed();
  await driver.pipe([insert(row(2), 11), insert(row(3), 12), remove(3, 13)]);
  await driver.stop();
  driver.taken();
  driver.replaceStore(0, before);
  await driver.start();
  assert.is(driver.source.position(TP), 4);
  await knowsEverything(driver);
  await driver.stop();
});

s(
  "should take nothing over from a state folder that is older than removals are remembered",
  async () => {
    const driver = await new TaskDriver({ more: "checkpoint: {interval: 10m}" }).start();
    await driver.pipe([insert(row(1), 10), insert(row(4), 11)]);
    await driver.checkpoint();
    const before = driver.store().crashed();
    await driver.pipe([insert(row(2), 12), insert(row(3), 12), remove(4, 12)]);
    await driver.checkpoint();
    // The mark of row 4 is forgotten, and what removed it from the changelog is compacted away.
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
  },
);

s("should write the changelog anew where it was lost", async () => {
  const driver = await left();
  driver.changelog.lose();
  await driver.start();
  await driver.stop();
  driver.replaceStore(0, null);
  await driver.start();
  await knowsEverything(driver);
  await driver.stop();
});

s("should write the changelog anew until it is whole, when that was broken off", async () => {
  const driver = await left();
  driver.changelog.lose();
  await driver.start([]);
  driver.dieAt("before changelog");
  driver.source.assign(driver.partitions);
  await driver.pipe([]);
  await driver.crash();
  await driver.start();
  await driver.stop();
  driver.replaceStore(0, null);
  await driver.start();
  await knowsEverything(driver);
  await driver.stop();
});

s("should begin a changelog for a state that had none", async () => {
  const driver = await left({ more: "state: {changelog: false}" });
  assert.equal(driver.changelog.contents(TP).size, 0);
  await driver.reconfigure({}).start();
  await driver.stop();
  driver.replaceStore(0, null);
  await driver.start();
  await knowsEverything(driver);
  await driver.stop();
});

s("should refuse a state without a changelog beside a changelog of another", async () => {
  const driver = await left();
  driver.replaceStore(0, null);
  driver.source.committed.clear();
  await driver.reconfigure({ more: "state: {changelog: false}" }).start();
  await driver.stop();
  await driver.reconfigure({}).start();
  assert.is((driver.failures[0] as CdcError)?.code, "STATE_UNREADABLE");
});

s(
  "should stop where state and changelog are both lost, and build it anew where told to",
  async () => {
    const driver = await left();
    driver.replaceStore(0, null);
    driver.changelog.lose();
    await driver.start();
    assert.is((driver.failures[0] as CdcError)?.code, "POSITION_LOST");
    await driver.crash();
    await driver.reconfigure({ more: "state: {onDataLoss: rebuild}" }).start();
    await driver.pipe([]);
    assert.is(driver.source.position(TP), 4);
    await knowsEverything(driver);
    const [line, ...more] = driver.log.with(/data loss detected/);
    assert.equal([line?.level, more], ["warn", []]);
    assert.is(line?.text, "data loss detected; continuing at offset 0");
    const { dataLoss, ...fields } = line?.fields ?? {};
    assert.equal(fields, { ...TP, offset: 0, rebuild: true });
    assert.match(String(dataLoss), /up to offset 4, .* previous rows are lost/);
    await driver.stop();
  },
);

s(
  "should name the offsets that it goes past, where it was told to go on without them",
  async () => {
    const driver = await left();
    // The topic was made anew, with nothing yet.
    driver.source.pending(TP);
    await driver.reconfigure({ more: "state: {onDataLoss: continue}" }).start();
    const [line] = driver.log.with(/data loss detected; continuing at offset/);
    assert.match(
      String(line?.fields.dataLoss),
      /next offset to process is 4 and its log ends at 0/,
    );
    assert.equal(driver.failures, []);
    await driver.stop();
  },
);

s("should forget what it knew when it is built anew, in the changelog too", async () => {
  const driver = await left();
  // The topic was made anew, with row 2 only.
  driver.source.pending(TP);
  await driver.reconfigure({ more: "state: {onDataLoss: rebuild}" }).start();
  await driver.pipe([insert(row(2), 11)]);
  await driver.stop();
  assert.equal([...driver.changelog.contents(TP).keys()].sort(), ["p", "r[2]"]);
  assert.equal(driver.store().keys("r"), ["r[2]"]);
});

s("should let no former owner write on, and report no failure of the pipeline for it", async () => {
  const driver = await new TaskDriver().start();
  await driver.pipe(insert(row(1), 10));
  // Another process was given the partition; ours does not know it yet.
  driver.source.lost.add(`${TOPIC}/0`);
  await driver.changelog.own(TP);
  const before = driver.changelog.contents(TP).size;
  await driver.checkpoint();
  await driver.clock.advance(120_000);
  assert.is(driver.changelog.contents(TP).size, before);
  assert.equal(driver.failures, []);
  assert.not.ok(driver.store().isOpen);
  // The group gives it here again.
  driver.source.lost.clear();
  driver.source.assign(driver.partitions);
  await driver.pipe(update(row(1, "b"), 20));
  await driver.checkpoint();
  assert.is(driver.source.committed.get(`${TOPIC}/0`), 2);
  await driver.stop();
});

s(
  "should go on from its store where Kafka barred it and nobody else has the partition",
  async () => {
    const driver = await new TaskDriver().start();
    await driver.pipe(insert(row(1), 10));
    await driver.checkpoint();
    await driver.pipe(insert(row(2), 20));
    // As after a minute inside a transaction: its producer is barred, and no owner has left a mark.
    driver.changelog.bar(TP);
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
    // What was delivered and not stored came again, as the same message.
    assert.equal(told(driver.segment.taken), ["Added 1", "Added 2", "Added 2", "Added 3"]);
    assert.is(new Set(driver.segment.taken.map(({ messageId }) => messageId)).size, 3);
    await driver.stop();
  },
);

s(
  "should fail where it is fenced again and again, and the group has its partition here",
  async () => {
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
  },
);

s.run();
