import { setTimeout as sleep } from "node:timers/promises";
import type { Admin, Kafka } from "kafkajs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { partitionName, type TopicPartition } from "../../src/data/record.ts";
import type { LocalState } from "../../src/kafka/assignor/member-metadata.ts";
import { kafkaClient } from "../../src/kafka/kafka-client.ts";
import { KafkaSource } from "../../src/kafka/kafka-source.ts";
import { noopLogger } from "../../src/lib/logger.ts";
import type { SourceListener } from "../../src/source/source.ts";
import { type Stack, startStack } from "../stack/stack.ts";

/** Three processes share a topic on a real Kafka; each has state of every partition that it has owned. */

const PARTITIONS = 8;

const s = suite("sticky assignor");
let stack: Stack;
let kafka: Kafka;
let admin: Admin;
let topics = 0;
const sources: KafkaSource[] = [];

s.before(async () => {
  stack = await startStack({ kafka: true });
  kafka = kafkaClient({ brokers: stack.kafka.brokers, clientId: "test-setup" }, noopLogger);
  admin = kafka.admin();
  await admin.connect();
});

s.after.each(async () => {
  await Promise.all(sources.splice(0).map((source) => source.stop()));
});

s.after(async () => {
  await admin.disconnect();
  await stack.stop();
});

/** A process, whose disk remains when its source stops. */
class Process implements SourceListener {
  readonly disk = new Map<string, LocalState>();
  readonly #topic: string;
  #source: KafkaSource | undefined;
  owned: string[] = [];
  /** Partitions assigned since the list was last cleared. */
  taken: string[] = [];

  constructor(topic: string) {
    this.#topic = topic;
  }

  async start(): Promise<void> {
    this.#source = new KafkaSource({
      kafka: { brokers: stack.kafka.brokers, clientId: "test" },
      groupId: this.#topic,
      topics: [this.#topic],
      localStates: () => [...this.disk.values()],
      log: noopLogger,
    });
    sources.push(this.#source);
    await this.#source.start(this);
  }

  async stop(): Promise<void> {
    await this.#source?.stop();
    this.owned = [];
  }

  assigned(partitions: readonly TopicPartition[]): void {
    const before = new Set(this.owned);
    this.owned = partitions.map(partitionName).sort();
    this.taken.push(...this.owned.filter((name) => !before.has(name)));
    for (const tp of partitions) this.disk.set(partitionName(tp), { ...tp, position: Date.now() });
  }

  records(): void {}
  async processed(): Promise<void> {}
  ended(): void {}
  failed(error: Error): void {
    throw error;
  }
}

async function assignedTo(...processes: readonly Process[]): Promise<void> {
  const end = Date.now() + 30_000;
  for (;;) {
    const counts = processes.map(({ owned }) => owned.length);
    const all = new Set(processes.flatMap(({ owned }) => owned));
    const sum = counts.reduce((total, count) => total + count, 0);
    const isEven = Math.max(...counts) - Math.min(...counts) <= 1;
    if (sum === PARTITIONS && all.size === PARTITIONS && isEven) return;
    if (Date.now() > end) throw new Error(`after 30 s still not assigned evenly: ${counts}`);
    await sleep(50);
  }
}

async function three(): Promise<[Process, Process, Process]> {
  const topic = `app.public.t${++topics}`;
  await admin.createTopics({ topics: [{ topic, numPartitions: PARTITIONS }] });
  const group = [new Process(topic), new Process(topic), new Process(topic)] as const;
  for (const [n, process] of group.entries()) {
    await process.start();
    await assignedTo(...group.slice(0, n + 1));
  }
  return [...group];
}

s(
  "should give a process that returns its own partitions back, and leave the others theirs",
  async () => {
    const [one, two, three_] = await three();
    // Each of them: round robin would give the last one its own partitions by chance.
    for (const gone of [one, two, three_]) {
      const others = [one, two, three_].filter((process) => process !== gone);
      const own = gone.owned;
      const theirs = others.map(({ owned }) => owned);
      for (const process of [one, two, three_]) process.taken = [];
      await gone.stop();
      await assignedTo(...others);
      const moved = others.flatMap(({ taken }) => taken).sort();
      assert.equal(moved, own, "moved when it left");
      for (const process of others) process.taken = [];

      await gone.start();
      await assignedTo(one, two, three_);
      assert.equal(
        gone.owned.filter((name) => !own.includes(name)),
        [],
        "got a partition of another process",
      );
      const taken = others.flatMap((process) => process.taken);
      assert.equal(taken, [], "moved between the others");
      const lost = others.flatMap(({ owned }, n) =>
        (theirs[n] ?? []).filter((name) => !owned.includes(name)),
      );
      assert.equal(lost, [], "the others lost one of theirs");
    }
  },
);

s.run();
