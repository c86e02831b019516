import { suite } from "uvu";
import * as assert from "uvu/assert";
import { mergeByTime } from "../../../../src/cli/record/merge-by-time.ts";
import type { SourceRecord } from "../../../../src/data/record.ts";
import { flush } from "../../../support/virtual-clock.ts";

const s = suite("record: partitions merged by time");

const record = (partition: number, offset: number, timestamp: number): SourceRecord => ({
  ...{ topic: "t", partition, offset, timestamp },
  ...{ key: null, value: null, headers: {} },
});

/** A partition whose batches arrive when the test pushes them. */
class Partition {
  readonly #batches: (readonly SourceRecord[] | null)[] = [];
  #arrived = Promise.withResolvers<void>();
  isReturned = false;

  push(...records: SourceRecord[]): void {
    this.#batches.push(records);
    this.#arrived.resolve();
  }

  end(): void {
    this.#batches.push(null);
    this.#arrived.resolve();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<readonly SourceRecord[]> {
    try {
      for (;;) {
        for (
          let batch = this.#batches.shift();
          batch !== undefined;
          batch = this.#batches.shift()
        ) {
          if (batch === null) return;
          yield batch;
        }
        await this.#arrived.promise;
        this.#arrived = Promise.withResolvers();
      }
    } finally {
      this.isReturned = true;
    }
  }
}

/** Merges until the partitions end; `names` has what has come so far. */
function merging(...partitions: Partition[]) {
  const names: string[] = [];
  const done = (async () => {
    for await (const records of mergeByTime(partitions))
      names.push(...records.map(({ partition, offset }) => `${partition}@${offset}`));
  })();
  return { names, done };
}

s("should wait until every partition has a record or has ended", async () => {
  const [zero, one] = [new Partition(), new Partition()];
  const { names, done } = merging(zero, one);
  zero.push(record(0, 0, 10), record(0, 1, 30));
  await flush();
  assert.equal(names, []);
  one.push(record(1, 0, 20));
  await flush();
  assert.equal(names, ["0@0", "1@0"]);
  one.end();
  await flush();
  assert.equal(names, ["0@0", "1@0", "0@1"]);
  zero.end();
  await done;
});

s("should keep the order of each partition where its times go back", async () => {
  const [zero, one] = [new Partition(), new Partition()];
  zero.push(record(0, 0, 50), record(0, 1, 10));
  one.push(record(1, 0, 20), record(1, 1, 60));
  zero.end();
  one.end();
  const { names, done } = merging(zero, one);
  await done;
  assert.equal(names, ["1@0", "0@0", "0@1", "1@1"]);
});

s("should end at once without partitions", async () => {
  const { names, done } = merging();
  await done;
  assert.equal(names, []);
});

s("should end the reading of all partitions when it is left early", async () => {
  const partitions = [new Partition(), new Partition()];
  for (const [n, partition] of partitions.entries()) partition.push(record(n, 0, n));
  for await (const _ of mergeByTime(partitions)) break;
  assert.equal(
    partitions.map(({ isReturned }) => isReturned),
    [true, true],
  );
});

s.run();
