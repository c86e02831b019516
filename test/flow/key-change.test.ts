import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { SegmentMessage } from "../../src/map/sync.ts";
import { insert, remove, tombstone } from "../support/table.ts";
import { TaskDriver } from "../support/task-driver.ts";

const s = suite("flow: a primary-key change");

const textsOf = (messages: readonly SegmentMessage[]) =>
  messages.map(({ event, userId }) => `${event} ${userId}`).sort();
const header = (name: string, id: number) => ({ [name]: Buffer.from(JSON.stringify({ id })) });

// Debezium writes a delete and a create with one LSN, often to two partitions.
const GONE = { ...remove(1, 20), headers: header("__debezium.newkey", 2) };
const CAME = { ...insert({ id: 2, email: "a" }, 20), headers: header("__debezium.oldkey", 1) };

for (const partition of [0, 1]) {
  s(`should remove the old row and add the new one, in ${partition + 1} partition(s)`, async () => {
    const driver = await new TaskDriver({ partitions: 2 }).start();
    await driver.pipe(insert({ id: 1, email: "a" }, 10));
    driver.taken();
    const sent = [
      ...(await driver.pipe([GONE, tombstone(1)], 0)),
      ...(await driver.pipe(CAME, partition)),
    ];
    assert.equal(textsOf(sent), ["Added 2", "Removed 1"]);
    assert.is(new Set(sent.map(({ messageId }) => messageId)).size, 2);
    await driver.stop();
  });
}

s("should send it once, although it is repeated", async () => {
  const driver = await new TaskDriver().start();
  await driver.pipe(insert({ id: 1, email: "a" }, 10));
  driver.taken();
  const change = [GONE, tombstone(1), CAME];
  assert.equal(textsOf(await driver.pipe([...change, ...change])), ["Added 2", "Removed 1"]);
  await driver.stop();
});

s("should send a key that is changed back as removed and added again", async () => {
  const driver = await new TaskDriver().start();
  await driver.pipe([insert({ id: 1, email: "a" }, 10), GONE, tombstone(1), CAME]);
  driver.taken();
  const back = [remove(2, 30), tombstone(2), insert({ id: 1, email: "a" }, 30)];
  assert.equal(textsOf(await driver.pipe(back)), ["Added 1", "Removed 2"]);
  await driver.stop();
});

s.run();
