import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { SegmentMessage } from "../../src/map/sync.ts";
import { generator } from "../support/changes.ts";
import { envelope } from "../support/debezium.ts";
import { type Change, insert, read, remove, tombstone, update } from "../support/table.ts";
import { TaskDriver } from "../support/task-driver.ts";

/**
 * Debezium reads a chunk of the table between two watermarks in the log. It emits the changes between them, then the
 * reads of rows without such a change. So no read is older than the changes before it.
 */
const s = suite("flow: incremental snapshot");

const INCREMENTAL = { snapshot: "incremental", lsn: null };
const SYNCS = `{
  lifecycle: {model: users, type: track, userId: id, properties: [email], initialResults: send,
    events: {added: Added, changed: Changed, removed: Removed}},
  traits: {model: users, type: identify, userId: id, traits: [email]}}`;

const eventsOf = (messages: readonly SegmentMessage[]) =>
  messages.map(({ event, userId, properties }) => `${event} ${userId} ${properties?.email}`);
const row = (id: number, email: string) => ({ id, email });
const reread = (id: number, email: string, lsn = 50) => read(row(id, email), lsn, INCREMENTAL);

function signal(type: string): Change {
  return { key: { id: type }, value: envelope({ op: "c", after: { id: type, type, data: null } }) };
}

s(
  "should send a change for a read with new values, once, and nothing for a repeated row",
  async () => {
    const driver = await new TaskDriver().start();
    await driver.pipe([insert(row(1, "a"), 10), insert(row(2, "b"), 11)]);
    driver.taken();
    const sent = await driver.pipe([
      ...[signal("execute-snapshot"), signal("snapshot-window-open")],
      // Row 1 changes within the window: its read is dropped.
      ...[
        update(row(1, "a2"), 20),
        signal("snapshot-window-close"),
        reread(2, "b"),
        reread(3, "c"),
      ],
      ...[update(row(3, "c2"), 30), update(row(1, "a3"), 31)],
    ]);
    assert.equal(eventsOf(sent), ["Changed 1 a2", "Added 3 c", "Changed 3 c2", "Changed 1 a3"]);
    assert.is(driver.counters.get("non_rows"), 3);
    assert.is(driver.counters.get("unchanged"), 1);
    await driver.stop();
  },
);

s("should send nothing if the connector restarts and reads its chunk again", async () => {
  const driver = await new TaskDriver().start();
  const chunk = [reread(1, "a"), reread(2, "b")];
  assert.equal(eventsOf(await driver.pipe(chunk)), ["Added 1 a", "Added 2 b"]);
  await driver.stop();
  await driver.start();
  assert.equal(await driver.pipe(chunk), []);
  await driver.stop();
});

s("should drop repeated changes as stale after reads of the same rows", async () => {
  const driver = await new TaskDriver().start();
  const stream = [insert(row(1, "a"), 10), update(row(1, "b"), 20)];
  await driver.pipe([...stream, reread(1, "b")]);
  driver.taken();
  assert.equal(await driver.pipe([...stream, reread(1, "b", 60)]), []);
  assert.is(driver.counters.get("stale"), 1);
  await driver.stop();
});

s(
  "should apply a read with an older time, which is the connector's, not the database's",
  async () => {
    const driver = await new TaskDriver().start();
    await driver.pipe(insert(row(1, "a"), 40));
    driver.taken();
    assert.equal(eventsOf(await driver.pipe(reread(1, "b", 39))), ["Changed 1 b"]);
    await driver.stop();
  },
);

s("should not add a row again that was deleted after its chunk was read", async () => {
  const driver = await new TaskDriver().start();
  await driver.pipe(insert(row(1, "a"), 10));
  driver.taken();
  const sent = await driver.pipe([remove(1, 20), tombstone(1), reread(2, "b"), remove(1, 20)]);
  assert.equal(eventsOf(sent), ["Removed 1 a", "Added 2 b"]);
  await driver.stop();
});

/** A database and its connector during a snapshot: the records of the topic, and the rows of the table at the end. */
function simulated(seed: number) {
  const random = generator(seed);
  const randomBelow = (n: number) => Math.floor(random() * n);
  const table = new Map<number, string>();
  const topic: Change[] = [];
  let lsn = 10;
  const change = (): number => {
    const id = randomBelow(8);
    lsn += 1;
    if (table.has(id) && random() < 0.3) {
      table.delete(id);
      topic.push(remove(id, lsn), tombstone(id));
    } else {
      const email = `v${lsn}`;
      topic.push((table.has(id) ? update : insert)(row(id, email), lsn));
      table.set(id, email);
    }
    return id;
  };
  // Rows that existed before the topic.
  for (let id = 0; id < 8; id += 2) table.set(id, "old");
  for (let chunk = 0; chunk < 6; chunk += 1) {
    const changed = new Set<number>();
    topic.push(signal("snapshot-window-open"));
    for (let i = randomBelow(4); i > 0; i -= 1) changed.add(change());
    const reads = [...table].filter(([id]) => id % 2 === chunk % 2);
    for (let i = randomBelow(4); i > 0; i -= 1) changed.add(change());
    topic.push(signal("snapshot-window-close"));
    for (const [id, email] of reads) if (!changed.has(id)) topic.push(reread(id, email, lsn));
  }
  return { table, topic };
}

s("should end with the rows of the table and send no row twice, in any interleaving", async () => {
  for (let seed = 1; seed <= 100; seed += 1) {
    const { table, topic } = simulated(seed);
    const driver = await new TaskDriver({ syncs: SYNCS }).start();
    const sent = await driver.pipe(topic);
    await driver.stop();
    const last = new Map<string, unknown>();
    for (const { event, type, userId = "", traits } of sent) {
      if (event === "Removed") last.delete(userId);
      if (type !== "identify") continue;
      assert.is.not(last.get(userId), traits?.email, `seed ${seed}: ${userId} was sent twice`);
      last.set(userId, traits?.email);
    }
    const expected = new Map([...table].map(([id, email]) => [String(id), email]));
    assert.equal([...last].sort(), [...expected].sort(), `seed ${seed}`);
  }
});

s.run();
