import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Backlog } from "../../../src/task/record-queue.ts";
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
  const backlog = new Backlog({
    limit,
    next,
    counters: { add: (name, by = 1) => told.push(`${name} ${by}`) },
    pause: () => told.push("pause"),
    resume: () => told.push("resume"),
  });
  return { backlog, told };
}

s("should give records back in their order, as many as asked for", () => {
  const { backlog } = backlogOf({ records: 10, bytes: 1_000 });
  assert.equal([backlog.isEmpty, backlog.first], [true, null]);
  backlog.push(records(0, 3));
  backlog.push(records(3, 5));
  assert.is(backlog.first?.offset, 0);
  assert.equal(offsets(backlog.take(4)), [0, 1, 2, 3]);
  assert.equal(offsets(backlog.take(4)), [4]);
  assert.equal(backlog.take(4), []);
});

s("should put records back in front", () => {
  const { backlog } = backlogOf({ records: 10, bytes: 1_000 });
  backlog.push(records(0, 4));
  const [first, ...rest] = backlog.take(3);
  backlog.putBack(rest);
  assert.is(first?.offset, 0);
  assert.equal(offsets(backlog.take(9)), [1, 2, 3]);
});

s("should drop what it had, or what lies below its beginning, and count it", () => {
  const { backlog, told } = backlogOf({ records: 10, bytes: 1_000 }, 2);
  backlog.push(records(0, 4));
  backlog.push(records(3, 5));
  assert.equal(offsets(backlog.take(9)), [2, 3, 4]);
  assert.equal(told, ["replayed 1", "replayed 1", "replayed 1"]);
});

for (const [what, limit] of [
  ["number", { records: 4, bytes: 1_000 }],
  ["bytes", { records: 1_000, bytes: 40 }],
] as const) {
  s(`should pause at its limit by ${what}, once, and resume at half of it`, () => {
    const { backlog, told } = backlogOf(limit);
    backlog.push(records(0, 3));
    assert.equal([backlog.isPaused, told], [false, []]);
    backlog.push(records(3, 4));
    assert.equal([backlog.isPaused, told], [true, ["pause"]]);
    backlog.push(records(4, 5));
    backlog.take(2);
    backlog.resume();
    assert.equal([backlog.isPaused, told], [true, ["pause"]]);
    backlog.take(1);
    backlog.resume();
    backlog.resume();
    assert.equal([backlog.isPaused, told], [false, ["pause", "resume"]]);
    assert.equal(offsets(backlog.take(9)), [3, 4], "what was on its way is still taken");
  });
}

s("should have room for all of it once it is cleared", () => {
  const { backlog, told } = backlogOf({ records: 2, bytes: 1_000 });
  backlog.push(records(0, 2));
  backlog.clear();
  backlog.resume();
  assert.equal([backlog.isEmpty, told], [true, ["pause", "resume"]]);
  assert.equal(backlog.fills, {
    queue_records: { now: 0, limit: 2 },
    queue_bytes: { now: 0, limit: 1_000 },
  });
});

s.run();
