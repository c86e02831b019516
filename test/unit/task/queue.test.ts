import { suite } from "uvu";
import * as assert from "uvu/assert";
import { RecordQueue } from "../../../src/task/queue.ts";
import { recordOf } from "../../support/debezium.ts";

const s = suite("task: the queue of records");

/** Records of 10 bytes each: a key of 4, a value of 6. */
const records = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) =>
    recordOf({ key: "1234", value: "123456", offset: from + i }),
  );
const offsets = (taken: readonly { offset: number }[]) => taken.map(({ offset }) => offset);

s("should give records back in their order, as many as asked for", () => {
  const queue = new RecordQueue({ records: 10, bytes: 1_000 });
  queue.push(records(0, 3));
  queue.push(records(3, 5));
  assert.equal(offsets(queue.take(4)), [0, 1, 2, 3]);
  assert.equal(offsets(queue.take(4)), [4]);
  assert.equal(queue.take(4), []);
});

s("should put records back in front", () => {
  const queue = new RecordQueue({ records: 10, bytes: 1_000 });
  queue.push(records(0, 4));
  const [first, ...rest] = queue.take(3);
  queue.putBack(rest);
  assert.is(first?.offset, 0);
  assert.equal(offsets(queue.take(9)), [1, 2, 3]);
});

for (const [what, limit] of [
  ["number", { records: 4, bytes: 1_000 }],
  ["bytes", { records: 1_000, bytes: 40 }],
] as const) {
  s(`should be full at its limit by ${what}, and have room again at half of it`, () => {
    const queue = new RecordQueue(limit);
    queue.push(records(0, 3));
    assert.not(queue.isFull);
    queue.push(records(3, 4));
    assert.ok(queue.isFull);
    queue.take(1);
    assert.equal([queue.isFull, queue.hasRoom], [false, false]);
    queue.take(1);
    assert.ok(queue.hasRoom);
    queue.putBack(records(0, 2));
    assert.ok(queue.isFull);
    queue.clear();
    assert.equal([queue.length, queue.isFull, queue.hasRoom], [0, false, true]);
  });
}

s("should still take what is on its way when it is full", () => {
  const queue = new RecordQueue({ records: 1, bytes: 1_000 });
  queue.push(records(0, 5));
  assert.is(queue.length, 5);
});

s.run();
