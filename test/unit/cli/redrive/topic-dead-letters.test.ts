import { suite } from "uvu";
import * as assert from "uvu/assert";
import { TopicDeadLetters } from "../../../../src/cli/redrive/topic-dead-letters.ts";
import { asRecord } from "../../../../src/dlq/dead-letters.ts";
import { CdcError } from "../../../../src/lib/errors.ts";
import { recordOf } from "../../../support/debezium.ts";
import { FakeSource } from "../../../support/fake-source.ts";
import { flush, VirtualClock } from "../../../support/virtual-clock.ts";

const s = suite("redrive: dead letters of a topic");
const TP = { topic: "shop.dead-letters", partition: 0 };

/** A topic with `count` dead letters, which differ in the offsets of their records. */
function setUp(count: number) {
  const source = new FakeSource();
  const clock = new VirtualClock();
  const others: string[] = [];
  const add = (offset: number) => {
    const error = new CdcError("INVALID_JSON", "no");
    const { headers, ...entry } = asRecord({ record: recordOf({ value: "{oops", offset }), error });
    source.produce(TP, { ...entry, headers, timestamp: 0 });
  };
  for (let i = 0; i < count; i += 1) add(i);
  const deadLetters = new TopicDeadLetters(source, clock, (name) => others.push(name));
  const read = async () => {
    const offsets: number[] = [];
    const reading = (async () => {
      for await (const { record } of deadLetters) offsets.push(record.offset);
      return true;
    })();
    reading.catch(() => {});
    await flush();
    source.assign([TP]);
    for (let queue = 0; queue < 200 && offsets.length < count; queue += 1) await flush();
    return { offsets, reading };
  };
  return { source, clock, deadLetters, others, add, read };
}

s("should give each of many dead letters once and commit the end", async () => {
  const { deadLetters, read, source } = setUp(5_000);
  const { offsets, reading } = await read();
  assert.ok(await reading);
  assert.equal(offsets, [...Array(5_000).keys()]);
  assert.is(source.committed.size, 0, "committed only after all are delivered");
  await deadLetters.commit();
  assert.is(source.committed.get("shop.dead-letters/0"), 5_000);
});

s("should start at the committed offset and stop at the end that the topic had then", async () => {
  const { deadLetters, read, source, add } = setUp(10);
  await source.commit.call(source, TP, 4);
  const { range } = source;
  // One more is in the fetch that has the last.
  source.range = async (tp) => ({ ...(await range.call(source, tp)), end: 10 });
  add(99);
  const { offsets, reading } = await read();
  assert.ok(await reading);
  assert.equal(offsets, [4, 5, 6, 7, 8, 9]);
  await deadLetters.commit();
  assert.is(source.committed.get("shop.dead-letters/0"), 10);
});

s("should end at once where the topic is empty", async () => {
  const { deadLetters, read, source } = setUp(0);
  const { reading } = await read();
  assert.ok(await reading);
  await deadLetters.commit();
  assert.is(source.committed.size, 0);
});

s("should end after an idle time and commit no more than it read", async () => {
  const { deadLetters, read, source, clock } = setUp(3);
  const { range } = source;
  // The log ends in an offset without a record.
  source.range = async (tp) => ({ ...(await range.call(source, tp)), end: 4 });
  const { offsets, reading } = await read();
  assert.equal(offsets, [0, 1, 2]);
  await clock.advance(5_000);
  assert.ok(await reading);
  await deadLetters.commit();
  assert.is(source.committed.get("shop.dead-letters/0"), 3);
});

s("should fail where the group does not accept the commit", async () => {
  const { deadLetters, read, source } = setUp(3);
  await (await read()).reading;
  source.commit = async () => {};
  let failure: unknown;
  await deadLetters.commit().catch((error) => {
    failure = error;
  });
  assert.match((failure as Error).message, /the next redrive starts where this one started/);
});

s("should report a record that is no dead letter", async () => {
  const { read, source, others } = setUp(0);
  source.produce(TP, { key: null, value: Buffer.from("hello"), headers: {}, timestamp: 0 });
  const { reading } = await read();
  await flush();
  assert.ok(await reading);
  assert.equal(others, ["shop.dead-letters/0@0"]);
});

s.run();
