import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Admin, Kafka, logLevel } from "kafkajs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { MockSegment } from "../../src/cli/demo/mock-segment.ts";
import { Feed } from "../chaos/feed.ts";
import { Machine } from "../chaos/machine.ts";
import { outcomeOf } from "../chaos/outcome.ts";
import { NAME, TOPIC } from "../chaos/settings.ts";
import type { Broker } from "../stack/kafka.ts";
import { type Stack, startStack } from "../stack/stack.ts";

/**
 * `run` on two brokers. The broker that coordinates the group and the transactions, and leads half of the partitions,
 * gives these roles up, takes them back and is killed. The process runs from the start to the end.
 */

const RECORDS = 20_000;
const PER_SECOND = 400;
const COORDINATION_TOPICS = ["__consumer_offsets", "__transaction_state"];
const REPLICATED = [TOPIC, `${NAME}.${TOPIC}.changelog`, `${NAME}.control`, ...COORDINATION_TOPICS];

const directory = mkdtempSync(join(tmpdir(), "coordinator-moves-"));
const test = suite("a coordinator that moves");
let stack: Stack;
let mockSegment: MockSegment;
let machine: Machine;
let admin: Admin;

test.before(async () => {
  const properties = {
    // A broker that returns leads its partitions again within a second, not after five minutes.
    "leader.imbalance.check.interval.seconds": "1",
    "leader.imbalance.per.broker.percentage": "0",
  };
  stack = await startStack({ kafka: { second: true, properties } });
  mockSegment = await MockSegment.start();
  machine = new Machine(directory, "one", {
    brokers: stack.kafka.brokers,
    segment: mockSegment.url,
  });
  const retry = { retries: 20, maxRetryTime: 1_000 };
  const { brokers } = stack.kafka;
  admin = new Kafka({ brokers, logLevel: logLevel.NOTHING, retry }).admin();
  await admin.connect();
});

test.after(async () => {
  await machine?.kill();
  await admin?.disconnect();
  await mockSegment?.stop();
  await stack?.stop();
  rmSync(directory, { recursive: true });
});

test("should lose, repeat and reorder nothing, and recover automatically", async () => {
  const { brokers, second } = stack.kafka as { brokers: string[]; second: Broker };
  const feed = new Feed(brokers, {
    records: RECORDS,
    keys: 2_000,
    seed: 11,
    perSecond: PER_SECOND,
  });
  const expected = await feed.expected(machine.config, join(directory, "feed.ndjson"));
  await feed.createTopic();
  machine.start();
  // Records that are in the topic before the first start are initial results.
  await until("the process has started", async () => machine.hasStarted);
  const steps: readonly (readonly [string, () => Promise<void>])[] = [
    ["the coordinators move while both brokers are there", () => preferSecond(second.id)],
    ["the broker of the coordinators is stopped", () => second.stop()],
    ["it comes back, and they move back to it", () => restart(second)],
    ["it is killed", () => second.kill()],
    ["it comes back again", () => restart(second)],
  ];
  let producing = true;
  const produced = feed.produce().finally(() => {
    producing = false;
  });
  // The feed is divided: two pieces for each step, one during it and one after it, and one for the end.
  const pieces = 2 * steps.length + 1;
  for (const [index, [name, step]] of steps.entries()) {
    feed.upTo((2 * index + 1) / pieces);
    await grown(300, `before ${name}`);
    await step();
    feed.upTo((2 * index + 2) / pieces);
    await grown(300, `after ${name}`);
  }
  assert.ok(producing, "the records ended before the steps: the test has shown nothing");
  feed.upTo(1);
  await produced;
  await until("all have arrived", async () => mockSegment.accepted.length >= expected.length);
  await sleep(1_500); // time for messages that must not arrive
  await until("all is committed", async () => (await lag()) === 0);

  assert.is(await machine.stop(), 0);
  assert.equal(machine.ends, [], "one process throughout");
  const { lost, doubled, outOfOrder } = outcomeOf(expected, mockSegment.accepted);
  assert.equal({ lost, doubled, outOfOrder }, { lost: [], doubled: [], outOfOrder: [] });
  await everythingIsReplicated();
});

/** Moves every coordinator to the broker, and waits until it has them. */
async function preferSecond(id: number): Promise<void> {
  const { topics } = await admin.fetchTopicMetadata({ topics: COORDINATION_TOPICS });
  const other = stack.kafka.id;
  await admin.alterPartitionReassignments({
    topics: topics.map(({ name, partitions }) => ({
      topic: name,
      partitionAssignment: partitions.map(({ partitionId }) => ({
        partition: partitionId,
        replicas: [id, other],
      })),
    })),
  });
  await leads(id);
}

/** Starts the broker and waits until it coordinates and leads as before. */
async function restart(broker: Broker): Promise<void> {
  assert.not.ok(
    (await leadersOf(COORDINATION_TOPICS)).includes(broker.id),
    "the other broker has taken over",
  );
  await broker.start();
  await leads(broker.id);
}

/** Waits until the broker has every coordinator, and some of the partitions. */
async function leads(id: number): Promise<void> {
  await until(`broker ${id} coordinates`, async () =>
    (await leadersOf(COORDINATION_TOPICS)).every((leader) => leader === id),
  );
  await until(`broker ${id} leads`, async () => (await leadersOf([TOPIC])).includes(id));
}

async function leadersOf(topics: string[]): Promise<number[]> {
  const metadata = await admin.fetchTopicMetadata({ topics });
  return metadata.topics.flatMap(({ partitions }) => partitions.map(({ leader }) => leader));
}

/** Records beyond the group's committed offsets, which follow the checkpoints. */
async function lag(): Promise<number> {
  const ends = await admin.fetchTopicOffsets(TOPIC);
  const [committed] = await admin.fetchOffsets({ groupId: NAME, topics: [TOPIC] });
  const done = committed?.partitions.reduce((sum, { offset }) => sum + Number(offset), 0) ?? 0;
  return ends.reduce((sum, { high }) => sum + Number(high), 0) - done;
}

async function everythingIsReplicated(): Promise<void> {
  const metadata = await admin.fetchTopicMetadata({ topics: REPLICATED });
  for (const { name, partitions } of metadata.topics) {
    for (const { replicas } of partitions) assert.is(replicas.length, 2, name);
  }
}

/** Waits until `by` more messages have arrived. */
async function grown(by: number, name: string): Promise<void> {
  const target = mockSegment.accepted.length + by;
  await until(`${name}: ${target} messages`, async () => mockSegment.accepted.length >= target);
}

/**
 * kafkajs may hang in a rejoin while coordinators move; the consumer is then replaced after `kafka.stallTimeout`, two
 * minutes. Every wait is longer than that.
 */
const RECOVERY_MS = 200_000;

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + RECOVERY_MS;
  while (!(await isSo())) {
    if (Date.now() > deadline)
      throw new Error(
        `not within ${RECOVERY_MS / 1_000} s: ${what}; ${mockSegment.accepted.length} messages have arrived`,
      );
    await sleep(50);
  }
}

test.run();
