import { suite } from "uvu";
import * as assert from "uvu/assert";
import { PartitionMerge } from "../../../../src/cli/record/partition-merge.ts";
import type { SourceRecord } from "../../../../src/data/record.ts";

const s = suite("record: partitions in one order");
const at = (partition: number) => ({ topic: "t", partition });
const record = (partition: number, offset: number, timestamp: number): SourceRecord => ({
  ...at(partition),
  offset,
  timestamp,
  key: null,
  value: null,
  headers: {},
});
const names = (records: readonly SourceRecord[]) =>
  records.map(({ partition, offset }) => `${partition}@${offset}`);

function merged(...partitions: number[]): PartitionMerge {
  const merge = new PartitionMerge();
  for (const partition of partitions) merge.open(at(partition));
  return merge;
}

s("should wait until every partition has a record or has ended", () => {
  const merge = merged(0, 1);
  merge.push(at(0), [record(0, 0, 10), record(0, 1, 30)]);
  assert.equal(merge.take(), []);
  merge.push(at(1), [record(1, 0, 20)]);
  assert.equal(names(merge.take()), ["0@0", "1@0"]);
  assert.is(merge.waiting(at(0)), 1);
  merge.end(at(1));
  assert.equal(names(merge.take()), ["0@1"]);
  assert.not(merge.isDone);
  merge.end(at(0));
  assert.ok(merge.isDone);
});

s("should keep the order of each partition where its times go back", () => {
  const merge = merged(0, 1);
  merge.push(at(0), [record(0, 0, 50), record(0, 1, 10)]);
  merge.push(at(1), [record(1, 0, 20), record(1, 1, 60)]);
  merge.end(at(0));
  merge.end(at(1));
  assert.equal(names(merge.take()), ["1@0", "0@0", "0@1", "1@1"]);
});

s("should be done at once where there is nothing", () => {
  assert.ok(merged().isDone);
});

s.run();
