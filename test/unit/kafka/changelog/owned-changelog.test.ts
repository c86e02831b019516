import { suite } from "uvu";
import * as assert from "uvu/assert";
import { KafkaOwnedChangelog } from "../../../../src/kafka/changelog/owned-changelog.ts";
import type { TransactionalEntry } from "../../../../src/kafka/changelog/transactional-log.ts";
import { noopLogger } from "../../../../src/lib/logger.ts";
import { PartitionReader } from "../../../../src/source/partition-reader.ts";
import { FakeSource } from "../../../support/fake-source.ts";
import { VirtualClock } from "../../../support/virtual-clock.ts";

const s = suite("changelog: a partition and its owners");

const TP = { topic: "changelog", partition: 0 };

/** A changelog partition, and a function that opens it as a new owner. */
function changelog() {
  const source = new FakeSource();
  const clock = new VirtualClock();
  source.assign([TP]);
  const own = async () => {
    const log = {
      open: async () => {},
      append: async (entries: readonly TransactionalEntry[]) =>
        Math.max(
          ...entries.map((entry) => source.produce(TP, { ...entry, headers: {}, timestamp: 0 })),
        ),
      close: async () => {},
    };
    const parts = { tp: TP, log, reader: new PartitionReader(source, clock), start: 0 };
    return KafkaOwnedChangelog.take({ ...parts, clock, logger: noopLogger });
  };
  return { own };
}

const entry = (key: string) => ({ key: Buffer.from(key), value: Buffer.from("1") });

s("should read the entries below its own mark, whatever later owners have appended", async () => {
  const { own } = changelog();
  await (await own()).append([entry("r1")]);
  const former = await own();
  // Another owner takes over before it reads: one fetch has the entries of both.
  await (await own()).append([entry("r2")]);
  const chunks = [];
  for await (const chunk of former.read(0)) chunks.push(chunk);
  assert.equal(
    chunks.flatMap(({ entries }) => entries.map(({ key }) => String(key))),
    ["r1"],
  );
  assert.is(chunks.at(-1)?.next, former.range.end + 1);
});

s.run();
