import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { SourceRecord, TopicPartition } from "../../../src/data/record.ts";
import { CdcError } from "../../../src/lib/errors.ts";
import { PartitionReader } from "../../../src/source/partition-reader.ts";
import type { SourceListener } from "../../../src/source/source.ts";
import { FakeSource } from "../../support/fake-source.ts";
import { flush, VirtualClock } from "../../support/virtual-clock.ts";

const s = suite("source: partition reader");
const ZERO = { topic: "t", partition: 0 };
const ONE = { topic: "t", partition: 1 };
const IDLE_MS = 5_000;

/** A source whose listener a test can call. */
class ListenedSource extends FakeSource {
  listener: SourceListener | undefined;

  override start(listener: SourceListener): Promise<void> {
    this.listener = listener;
    return super.start(listener);
  }
}

function setUp(count: number, bytes = 10) {
  const source = new ListenedSource();
  const clock = new VirtualClock();
  const reader = new PartitionReader(source, clock);
  source.assign([ZERO, ONE]);
  const produce = (tp: TopicPartition, times = 1) => {
    for (let n = 0; n < times; n += 1)
      source.produce(tp, { key: null, value: Buffer.alloc(bytes), headers: {}, timestamp: 0 });
  };
  produce(ZERO, count);
  return { source, clock, reader, produce };
}

/** Collects the offsets; `result` is `null` while the reading continues, and at its end the error if there was one. */
function collect(reading: AsyncIterable<readonly SourceRecord[]>) {
  const collected: { offsets: number[]; result: string | null } = { offsets: [], result: null };
  (async () => {
    for await (const records of reading)
      collected.offsets.push(...records.map(({ offset }) => offset));
  })().then(
    () => {
      collected.result = "ended";
    },
    (error: Error) => {
      collected.result = error.message;
    },
  );
  return collected;
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => from + n);

s("should read a range and nothing beyond", async () => {
  const { reader, source } = setUp(200);
  const collected = collect(reader.read(ZERO, 20, 170));
  await flush();
  assert.equal(collected, { offsets: range(20, 170), result: "ended" });
  assert.ok(source.isPaused(ZERO));
});

s("should read several partitions side by side", async () => {
  const { reader, produce } = setUp(3);
  produce(ONE, 2);
  const readings = [reader.read(ZERO, 0, 4), reader.read(ONE, 0, 2)].map(collect);
  await flush();
  assert.equal(readings, [
    { offsets: [0, 1, 2], result: null },
    { offsets: [0, 1], result: "ended" },
  ]);
});

s("should not start the source for an empty range", async () => {
  const { reader, source } = setUp(3);
  const collected = collect(reader.read(ZERO, 3, 3));
  await flush();
  assert.equal(collected, { offsets: [], result: "ended" });
  assert.is(source.listener, undefined);
});

s(
  "should end at a record beyond the range, if the last one of the range was compacted away",
  async () => {
    const { reader, source } = setUp(0);
    const collected = collect(reader.read(ZERO, 0, 5));
    await flush();
    const record = { ...ZERO, key: null, value: null, headers: {}, timestamp: 0 };
    source.listener?.records([
      { ...record, offset: 3 },
      { ...record, offset: 7 },
    ]);
    await flush();
    assert.equal(collected, { offsets: [3], result: "ended" });
  },
);

s("should pause a partition whose records are not taken, and lose none", async () => {
  const { reader, source } = setUp(200, 100_000);
  const reading = reader.read(ZERO, 0, 200);
  const first = await reading.next();
  await flush();
  assert.ok(Number(source.nextOffset(ZERO)) < 200, "stopped in between");
  const rest = collect(reading);
  for (let turn = 0; turn < 5; turn += 1) await flush();
  const taken = first.value.map(({ offset }: SourceRecord) => offset);
  assert.equal([...taken, ...rest.offsets], range(0, 200));
});

s("should wait without end where no idle time is given", async () => {
  const { reader, clock } = setUp(3);
  const collected = collect(reader.read(ZERO, 0, 4));
  await clock.advance(3_600_000);
  assert.is(collected.result, null);
});

s("should end when the source delivers nothing for the idle time, of no partition", async () => {
  const { reader, clock, produce } = setUp(3);
  const collected = collect(reader.read(ZERO, 0, 4, IDLE_MS));
  void reader.read(ONE, 0, 100).next();
  await clock.advance(IDLE_MS - 1);
  produce(ONE);
  await clock.advance(IDLE_MS - 1);
  assert.equal(collected, { offsets: [0, 1, 2], result: null });
  await clock.advance(1);
  assert.is(collected.result, "ended");
});

s("should continue where it was when a partition is assigned again", async () => {
  const { reader, source, produce } = setUp(3);
  const collected = collect(reader.read(ZERO, 0, 5));
  await flush();
  source.assign([]);
  source.assign([ZERO]);
  produce(ZERO, 2);
  await flush();
  assert.equal(collected, { offsets: [0, 1, 2, 3, 4], result: "ended" });
});

s("should drop records that are delivered again", async () => {
  const { reader, source } = setUp(0);
  const collected = collect(reader.read(ZERO, 0, 3));
  await flush();
  const record = { ...ZERO, key: null, value: null, headers: {}, timestamp: 0 };
  for (const offsets of [
    [0, 1],
    [1, 2],
  ])
    source.listener?.records(offsets.map((offset) => ({ ...record, offset })));
  await flush();
  assert.equal(collected, { offsets: [0, 1, 2], result: "ended" });
});

s("should fail every reading with the error of the source", async () => {
  const { reader, source } = setUp(1);
  const readings = [reader.read(ZERO, 0, 5), reader.read(ONE, 0, 5)].map(collect);
  await flush();
  source.listener?.failed(new CdcError("BROKER_UNREACHABLE", "away"));
  await flush();
  assert.equal(
    readings.map(({ result }) => result),
    ["away", "away"],
  );
});

s("should fail every reading when it is closed", async () => {
  const { reader } = setUp(1);
  const collected = collect(reader.read(ZERO, 0, 5));
  await flush();
  await reader.close();
  await flush();
  assert.is(collected.result, "the reader was closed");
});

s("should give the partitions of the first assignment", async () => {
  const { reader, source } = setUp(0);
  const partitions = reader.partitions();
  await flush();
  source.assign([ONE]);
  source.assign([ZERO, ONE]);
  assert.equal(await partitions, [ONE]);
});

s.run();
