import type { Consumer, Kafka } from "kafkajs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { GroupMember } from "../../../../src/kafka/consumer/group-member.ts";
import { HeartbeatMonitor } from "../../../../src/kafka/consumer/liveness.ts";
import { noopLogger } from "../../../../src/lib/logger.ts";
import { flush, VirtualClock } from "../../../support/virtual-clock.ts";

const SESSION_MS = 10_000;

const s = suite("consumer: heartbeats and restarts of a group member");

s(
  "should detect a lost membership a session timeout after the last heartbeat, if there are fetches",
  async () => {
    const { clock, heartbeats, isLost } = watched();
    for (let second = 0; second < 30; second += 1) {
      heartbeats.fetched();
      heartbeats.heartbeat();
      await clock.advance(1_000);
    }
    assert.is(isLost(), false);
    for (let second = 0; second < 9; second += 1) {
      heartbeats.fetched();
      await clock.advance(1_000);
    }
    assert.is(isLost(), false);
    for (let second = 0; second < 3; second += 1) {
      heartbeats.fetched();
      await clock.advance(1_000);
    }
    assert.is(isLost(), true);
  },
);

s("should not detect one while nothing is fetched: a join waits for other members", async () => {
  const { clock, isLost } = watched();
  await clock.advance(10 * SESSION_MS);
  assert.is(isLost(), false);
});

s("should not detect one with the first check after a pause of the process", async () => {
  const { clock, heartbeats, isLost } = watched();
  heartbeats.fetched();
  await clock.advance(SESSION_MS);
  heartbeats.heartbeat();
  await clock.advance(SESSION_MS);
  assert.is(isLost(), false);
});

s("should replace a consumer that has lost its membership", async () => {
  const clock = new VirtualClock();
  const kafka = new FakeKafka();
  const joined: object[] = [];
  const batches: object[] = [];
  const member = memberOf(kafka, clock, {
    joined: (assignment) => joined.push(assignment),
    batch: (payload) => batches.push(payload),
    skipped() {},
    committed() {},
    isFetching: () => true,
  });
  const stayed = member.stay(async () => {});
  await flush();
  const [first] = kafka.consumers as [FakeConsumer];
  first.emit("consumer.group_join", { memberAssignment: { t: [0] } });
  for (let second = 0; second < 15; second += 1) {
    first.emit("consumer.fetch", {});
    await clock.advance(1_000);
  }
  assert.is(kafka.consumers.length, 2);
  assert.is(first.isConnected, false, "the old one is disconnected");
  await first.eachBatch?.({});
  first.emit("consumer.group_join", { memberAssignment: { t: [0] } });
  assert.equal([joined.length, batches.length], [1, 0], "and its events are ignored");
  kafka.consumers[1]?.emit("consumer.group_join", { memberAssignment: { t: [0] } });
  assert.is(joined.length, 2);
  await member.leave();
  await stayed;
});

s("should start no consumer after leave", async () => {
  const clock = new VirtualClock();
  const kafka = new FakeKafka();
  const member = memberOf(kafka, clock, {
    ...{ joined() {}, batch() {}, skipped() {} },
    committed() {},
    isFetching: () => true,
  });
  const searched = Promise.withResolvers<void>();
  const stayed = member.stay(() => searched.promise);
  await flush();
  kafka.consumers[0]?.emit("consumer.crash", {
    error: Object.assign(new Error("unavailable"), { retriable: true }),
  });
  await clock.advance(60_000);
  await member.leave();
  searched.resolve();
  await stayed;
  assert.is(kafka.consumers.length, 1);
});

function watched() {
  const clock = new VirtualClock();
  const heartbeats = new HeartbeatMonitor(SESSION_MS, clock);
  let lost = false;
  void heartbeats.lost(new AbortController().signal).then(() => {
    lost = true;
  });
  return { clock, heartbeats, isLost: () => lost };
}

function memberOf(
  kafka: FakeKafka,
  clock: VirtualClock,
  events: ConstructorParameters<typeof GroupMember>[4],
): GroupMember {
  const group = {
    ...{ id: "g", isAlone: false, topics: [] },
    ...{ sessionTimeout_ms: SESSION_MS, stallTimeout_ms: 60_000 },
    metadata: { owned: () => [], localStates: () => [] },
  };
  return new GroupMember(kafka as unknown as Kafka, group, clock, noopLogger, events);
}

type Listener = (event: { payload: object }) => void;

class FakeKafka {
  readonly consumers: FakeConsumer[] = [];

  consumer(): Consumer {
    const consumer = new FakeConsumer();
    this.consumers.push(consumer);
    return consumer as unknown as Consumer;
  }
}

/** A consumer whose events a test emits. */
class FakeConsumer {
  isConnected = false;
  eachBatch: ((payload: object) => Promise<void>) | undefined;
  readonly #listeners: (readonly [string, Listener])[] = [];

  on(event: string, listener: Listener): void {
    this.#listeners.push([event, listener]);
  }

  emit(event: string, payload: object): void {
    for (const [name, listener] of this.#listeners) if (name === event) listener({ payload });
  }

  async connect(): Promise<void> {
    this.isConnected = true;
  }

  async subscribe(): Promise<void> {}

  async run({ eachBatch }: { eachBatch: (payload: object) => Promise<void> }): Promise<void> {
    this.eachBatch = eachBatch;
  }

  async disconnect(): Promise<void> {
    this.isConnected = false;
  }
}

s.run();
