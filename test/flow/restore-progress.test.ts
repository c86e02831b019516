import { suite } from "uvu";
import * as assert from "uvu/assert";
import { TOPIC } from "../support/debezium.ts";
import { insert } from "../support/table.ts";
import { TaskDriver } from "../support/task-driver.ts";

const s = suite("flow: progress of a restore");

s("should be logged every ten seconds while the changelog is read, and no longer", async () => {
  const driver = await new TaskDriver().start();
  for (const id of [1, 2, 3]) {
    await driver.pipe(insert({ id, email: "a@x" }, id));
    await driver.checkpoint();
  }
  await driver.stop();
  driver.replaceStore(0, null);
  const { own } = driver.changelog;
  const rest = Promise.withResolvers<void>();
  driver.changelog.own = async (tp) => {
    const owned = await own.call(driver.changelog, tp);
    return {
      ...owned,
      async *read(from) {
        for await (const chunk of owned.read(from)) {
          yield chunk;
          await rest.promise;
        }
      },
    };
  };
  // Without a terminal, progress is logged.
  const { isTTY } = process.stderr;
  process.stderr.isTTY = false;
  await driver.start();
  await driver.clock.advance(25_000);
  const lines = driver.log.with(/^restoring$/);
  const [first] = lines;
  const total = first?.fields.total;
  const step = {
    "changelog offsets": 1,
    partitions: 1,
    done: 1,
    total,
    perSecond: 0,
    left_s: null,
  };
  assert.ok(Number(total) >= 4, `${total} offsets`);
  assert.equal(lines, Array(2).fill({ level: "info", fields: step, text: "restoring" }));

  rest.resolve();
  await driver.clock.advance(25_000);
  assert.is(driver.log.with(/^restoring$/).length, 2);
  const [restored] = driver.log.with(/^state restored$/);
  assert.equal([restored?.fields.topic, restored?.fields.how], [TOPIC, "all"]);
  process.stderr.isTTY = isTTY;
  await driver.stop();
});

s.run();
