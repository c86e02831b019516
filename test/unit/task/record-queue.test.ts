import { suite } from "uvu";
import * as assert from "uvu/assert";
import { RecordQueue } from "../../../src/task/record-queue.ts";
import { recordOf } from "../../support/debezium.ts";

const s = suite("task: records that wait to be processed");

/** Records of 10 bytes each: a key of 4, a value of 6. */
const records = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) =>
    recordOf({ key: "1234", value: "123456", offset: from + i }),
  );
const offsets = (taken: readonly { offset: number }[]) => taken.map(({ offset }) => offset);

function backlogOf(limit: { readonly records: number; readonly bytes: number }, next = 0) {
  const told: string[] = [];
  const recordQueue = new RecordQueue({
    limit,
    next,
    counters: { add: (name, by = 1) => told.push(`${name} ${by}`) },
    partition: { pause: () => told.push("pause"), resume: () => told.push("resume") },
  });
  return { recordQueue, told };
}

s("should give records back in their order, as many as asked for", () => {
  const { recordQueue } = backlogOf({ records: 10, bytes: 1_000 });
  assert.equal([recordQueue.isEmpty, recordQueue.first], [true, null]);
  recordQueue.push(records(0, 3));
  recordQueue.push(records(3, 5));
  assert.is(recordQueue.first?.offset, 0);
  assert.equal(offsets(recordQueue.take(4)), [0, 1, 2, 3]);
  assert.equal(offsets(recordQueue.take(4)), [4]);
  assert.equal(recordQueue.take(4), []);
});

s("should put records back in front", () => {
  const { recordQueue } = backlogOf({ records: 10, bytes: 1_000 });
  recordQueue.push(records(0, 4));
  const [first, ...rest] = recordQueue.take(3);
  recordQueue.putBack(rest);
  assert.is(first?.offset, 0);
  assert.equal(offsets(recordQueue.take(9)), [1, 2, 3]);
});

s("should drop what it had, or what lies below its beginning, and count it", () => {
  const { recordQueue, told } = backlogOf({ records: 10, bytes: 1_000 }, 2);
  recordQueue.push(records(0, 4));
  recordQueue.push(records(3, 5));
  assert.equal(offsets(recordQueue.take(9)), [2, 3, 4]);
  assert.equal(told, ["duplicates 1", "duplicates 1", "duplicates 1"]);
});

for (const [what, limit] of [
  ["number", { records: 4, bytes: 1_000 }],
  ["bytes", { records: 1_000, bytes: 40 }],
] as const) {
  s(`should pause at its limit by ${what}, once, and resume at half of it`, () => {
    const { recordQueue, told } = backlogOf(limit);
    recordQueue.push(records(0, 3));
    assert.equal([recordQueue.isPaused, told], [false, []]);
    recordQueue.push(records(3, 4));
    assert.equal([recordQueue.isPaused, told], [true, ["pause"]]);
    recordQueue.push(records(4, 5));
    recordQueue.take(2);
    recordQueue.resume();
    assert.equal([recordQueue.isPaused, told], [true, ["pause"]]);
    recordQueue.take(1);
    recordQueue.resume();
    recordQueue.resume();
    assert.equal([recordQueue.isPaused, told], [false, ["pause", "resume"]]);
    assert.equal(offsets(recordQueue.take(9)), [3, 4], "what was on its way is still taken");
  });
}

s("should have room for all of it once it is cleared", () => {
  const { recordQueue, told } = backlogOf({ records: 2, bytes: 1_000 });
  recordQueue.push(records(0, 2));
  recordQueue.clear();
  recordQueue.resume();
  assert.equal([recordQueue.isEmpty, told], [true, ["pause", "resume"]]);
  assert.equal(recordQueue.usage, {
    queue_records: { now: 0, limit: 2 },
    queue_bytes: { now: 0, limit: 1_000 },
  });
});

s.run();
