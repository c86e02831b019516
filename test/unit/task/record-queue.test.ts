import { suite } from "uvu";
import * as assert from "uvu/assert";
import { RecordQueue } from "../../../src/task/record-queue.ts";
import { recordOf } from "../../support/debezium.ts";

const s = suite("task: record queue");

/** Records of 10 bytes each: a key of 4, a value of 6. */
const records = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) =>
    recordOf({ key: "1234", value: "123456", offset: from + i }),
  );
const offsets = (taken: readonly { offset: number }[]) => taken.map(({ offset }) => offset);

function queueOf(limit: { readonly records: number; readonly bytes: number }, next = 0) {
  const calls: string[] = [];
  const recordQueue = new RecordQueue({
    limit,
    next,
    counters: { add: (name, by = 1) => calls.push(`${name} ${by}`) },
    partition: { pause: () => calls.push("pause"), resume: () => calls.push("resume") },
  });
  return { recordQueue, calls };
}

s("should return records in order, up to the requested count", () => {
  const { recordQueue } = queueOf({ records: 10, bytes: 1_000 });
  assert.equal([recordQueue.isEmpty, recordQueue.first], [true, null]);
  recordQueue.push(records(0, 3));
  recordQueue.push(records(3, 5));
  assert.is(recordQueue.first?.offset, 0);
  assert.equal(offsets(recordQueue.take(4)), [0, 1, 2, 3]);
  assert.equal(offsets(recordQueue.take(4)), [4]);
  assert.equal(recordQueue.take(4), []);
});

s("should return records to the front", () => {
  const { recordQueue } = queueOf({ records: 10, bytes: 1_000 });
  recordQueue.push(records(0, 4));
  const [first, ...rest] = recordQueue.take(3);
  recordQueue.putBack(rest);
  assert.is(first?.offset, 0);
  assert.equal(offsets(recordQueue.take(9)), [1, 2, 3]);
});

s("should drop and count duplicates and records below its start offset", () => {
  const { recordQueue, calls } = queueOf({ records: 10, bytes: 1_000 }, 2);
  recordQueue.push(records(0, 4));
  recordQueue.push(records(3, 5));
  assert.equal(offsets(recordQueue.take(9)), [2, 3, 4]);
  assert.equal(calls, ["duplicates 1", "duplicates 1", "duplicates 1"]);
});

for (const [what, limit] of [
  ["number", { records: 4, bytes: 1_000 }],
  ["bytes", { records: 1_000, bytes: 40 }],
] as const) {
  s(`should pause once at its limit of ${what} and resume at half of it`, () => {
    const { recordQueue, calls } = queueOf(limit);
    recordQueue.push(records(0, 3));
    assert.equal([recordQueue.isPaused, calls], [false, []]);
    recordQueue.push(records(3, 4));
    assert.equal([recordQueue.isPaused, calls], [true, ["pause"]]);
    recordQueue.push(records(4, 5));
    recordQueue.take(2);
    recordQueue.resume();
    assert.equal([recordQueue.isPaused, calls], [true, ["pause"]]);
    recordQueue.take(1);
    recordQueue.resume();
    recordQueue.resume();
    assert.equal([recordQueue.isPaused, calls], [false, ["pause", "resume"]]);
    assert.equal(offsets(recordQueue.take(9)), [3, 4], "what was on its way is still taken");
  });
}

s("should have its whole limit free after clear", () => {
  const { recordQueue, calls } = queueOf({ records: 2, bytes: 1_000 });
  recordQueue.push(records(0, 2));
  recordQueue.clear();
  recordQueue.resume();
  assert.equal([recordQueue.isEmpty, calls], [true, ["pause", "resume"]]);
  assert.equal(recordQueue.usage, {
    queue_records: { used: 0, limit: 2 },
    queue_bytes: { used: 0, limit: 1_000 },
  });
});

s.run();
