import { suite } from "uvu";
import * as assert from "uvu/assert";
import { KafkaOwnedChangelog } from "../../../../src/kafka/changelog/owned-changelog.ts";
import type { TransactionalEntry } from "../../../../src/kafka/changelog/transactional-log.ts";
import { noopLogger } from "../../../../src/lib/logger.ts";
import { PartitionReader } from "../../../../src/source/partition-reader.ts";
import { FakeSource } from "../../../support/fake-source.ts";
import { VirtualClock } from "../../../support/virtual-clock.ts";

const s = suite("changelog: as its owner has it");

const TP = { topic: "changelog", partition: 0 };

/** A changelog partition and what opens it. */
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

s(
  "should give what lies below its own mark, and no place beyond, whoever wrote on since",
  async () => {
    const { own } = changelog();
    await (await own()).append([entry("r1")]);
    const outrun = await own();
    // It has been taken over before it reads: all of this comes in one fetch.
    await (await own()).append([entry("r2")]);
    const chunks = [];
    for await (const chunk of outrun.read(0)) chunks.push(chunk);
    assert.equal(
      chunks.flatMap(({ entries }) => entries.map(({ key }) => String(key))),
      ["r1"],
    );
    assert.is(chunks.at(-1)?.next, outrun.range.end + 1);
  },
);

s.run();
