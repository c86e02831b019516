import { suite } from "uvu";
import * as assert from "uvu/assert";
import { TOPIC } from "../support/debezium.ts";
import { placeholderShapes } from "../support/placeholder.ts";
import { insert, update } from "../support/table.ts";
import { TaskDriver } from "../support/task-driver.ts";

const s = suite("flow: unavailable columns");

const EVENTS = "events: {added: Added, changed: Changed, removed: Removed}, initialResults: send";
const SYNCS = `{life: {model: users, type: track, userId: id, properties: [email, bio], ${EVENTS}}}`;
const PLACEHOLDERS = ["__debezium_unavailable_value", "(not sent)"];
const start = (unavailableValue: string) =>
  new TaskDriver({
    syncs: SYNCS,
    model: `{topic: ${TOPIC}, key: [id], unavailableValue: ${JSON.stringify(unavailableValue)}}`,
  }).start();

for (const text of PLACEHOLDERS) {
  for (const [shape, stand] of placeholderShapes(text)) {
    s(`should use the stored value for ${text} in ${shape}, after a restart too`, async () => {
      const driver = await start(text);
      await driver.pipe(insert({ id: 1, email: "a", bio: ["long"] }, 10));
      await driver.stop();
      await driver.start();
      driver.taken();
      assert.equal(await driver.pipe(update({ id: 1, email: "a", bio: stand }, 20)), []);
      const [sent] = await driver.pipe(update({ id: 1, email: "b", bio: stand }, 30));
      assert.equal(sent?.properties, { email: "b", bio: ["long"] });
      await driver.stop();
    });
  }
}

s("should leave out an unknown value, and send it once it is known", async () => {
  const [text] = PLACEHOLDERS as [string];
  const driver = await start(text);
  const [added] = await driver.pipe(insert({ id: 1, email: "a", bio: text }, 10));
  assert.equal(added?.properties, { email: "a" });
  assert.equal(await driver.pipe(update({ id: 1, email: "a", bio: text }, 20)), []);
  const [changed] = await driver.pipe(update({ id: 1, email: "a", bio: "long" }, 30));
  assert.equal(changed?.properties, { email: "a", bio: "long" });
  await driver.stop();
});

s("should send the placeholder of another connector as a text", async () => {
  const driver = await start("(not sent)");
  const [sent] = await driver.pipe(insert({ id: 1, email: "a", bio: PLACEHOLDERS[0] }, 10));
  assert.is(sent?.properties?.bio, PLACEHOLDERS[0]);
  await driver.stop();
});

s.run();
