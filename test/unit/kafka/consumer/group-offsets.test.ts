import type { Consumer } from "kafkajs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { TopicPartition } from "../../../../src/data/record.ts";
import { GroupOffsets } from "../../../../src/kafka/consumer/group-offsets.ts";
import { noopLogger } from "../../../../src/lib/logger.ts";
import { VirtualClock } from "../../../support/virtual-clock.ts";

const TP = { topic: "t", partition: 0 };

const s = suite("kafka: offsets committed to the group");

/** A group that rejects the first `failures` commits, through a consumer that then drops `dropped` more in silence. */
function setUp(failures: number, dropped = 0) {
  const clock = new VirtualClock();
  const attempts: number[] = [];
  const owned = new Set([0]);
  const consumer = {
    commitOffsets: async ([commit]: readonly { offset: string }[]) => {
      attempts.push(Number(commit?.offset));
      if (attempts.length <= failures) throw new Error("not the coordinator");
      if (attempts.length > failures + dropped) offsets.confirm(TP, Number(commit?.offset));
    },
  } as unknown as Consumer;
  const owns = ({ partition }: TopicPartition) => owned.has(partition);
  let replaced = 0;
  const offsets: GroupOffsets = new GroupOffsets({
    ...{ consumer: () => consumer, owns, clock, log: noopLogger },
    onUnreachable: () => {
      replaced += 1;
    },
  });
  return { clock, attempts, owned, offsets, replaced: () => replaced };
}

s("should repeat a failed commit although no later commit follows", async () => {
  const { clock, attempts, offsets } = setUp(3);
  await offsets.commit(TP, 7);
  assert.equal(attempts, [7], "the caller waits for one attempt");
  await clock.advance(60_000);
  assert.equal(attempts, [7, 7, 7, 7]);
});

s("should repeat a commit that a consumer drops while it ends", async () => {
  const { clock, attempts, offsets } = setUp(0, 2);
  await offsets.commit(TP, 7);
  await clock.advance(60_000);
  assert.equal(attempts, [7, 7, 7]);
});

s("should replace a consumer whose commits fail for half a minute, once", async () => {
  const { clock, offsets, replaced } = setUp(Number.POSITIVE_INFINITY);
  await offsets.commit(TP, 7);
  await clock.advance(5_000);
  assert.is(replaced(), 0);
  await clock.advance(600_000);
  assert.is(replaced(), 1);
});

s("should not repeat a commit that a later one replaces", async () => {
  const { clock, attempts, offsets } = setUp(1);
  await offsets.commit(TP, 7);
  await offsets.commit(TP, 9);
  await clock.advance(60_000);
  assert.equal(attempts, [7, 9]);
});

s("should not commit for a partition that is revoked, nor after close", async () => {
  const revoked = setUp(1);
  await revoked.offsets.commit(TP, 7);
  revoked.owned.clear();
  await revoked.clock.advance(60_000);
  assert.equal(revoked.attempts, [7]);
  const closed = setUp(9);
  await closed.offsets.commit(TP, 7);
  closed.offsets.close();
  await closed.clock.advance(60_000);
  assert.ok(closed.attempts.length <= 2, `${closed.attempts}`);
});

s.run();
