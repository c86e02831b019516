import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Kafka, logLevel, Partitioners } from "kafkajs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { MockSegment } from "../../src/cli/demo/mock-segment.ts";
import { type Stack, startStack } from "../stack/stack.ts";
import { recordedChanges } from "../support/changes.ts";
import { cdcToSegment, start } from "../support/command-line.ts";
import { TOPIC } from "../support/debezium.ts";
import { generations, memberOf } from "../support/membership.ts";

/** Segment takes ten seconds for each response while changes arrive; all settings have their defaults. */

const PARTITIONS = 2;
const RECORDS = 3_000;
const RESPONSE_MS = 10_000;
/** Several sessions would expire during one response without heartbeats. */
const SESSION_TIMEOUT_MS = 3_000;

const directory = mkdtempSync(join(tmpdir(), "slow-segment-"));
const config = join(directory, "config.json");
const lines = [
  ...recordedChanges({
    topic: TOPIC,
    records: RECORDS,
    keys: 200,
    partitions: PARTITIONS,
    seed: 3,
  }),
];
const test = suite("a slow Segment");
let stack: Stack;
let mockSegment: MockSegment;
let service: ReturnType<typeof start> | undefined;

test.before(async () => {
  stack = await startStack({ kafka: true });
  mockSegment = await MockSegment.start({
    faultFor: () => ({ status: 200, delay_ms: RESPONSE_MS }),
  });
  writeFileSync(config, JSON.stringify(settings()));
  const admin = kafka().admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic: TOPIC, numPartitions: PARTITIONS }] });
  await admin.disconnect();
});

test.after(async () => {
  service?.child.kill("SIGKILL");
  await mockSegment?.stop();
  await stack?.stop();
  rmSync(directory, { recursive: true });
});

test("should wait for each response, and lose, repeat and reorder nothing", async () => {
  const expected = await expectedByRow();
  const count = Object.values(expected).flat().length;
  service = start(["run", "--config", config]);
  const member = await memberOf(stack.kafka, "slow");
  await produce();
  const deadline = Date.now() + 120_000;
  while (mockSegment.accepted.length < count && Date.now() < deadline) await sleep(100);
  assert.is(await memberOf(stack.kafka, "slow"), member, "the same member all along");
  assert.is(generations(stack.kafka, "slow"), 1);
  service.child.kill("SIGTERM");
  const { code, stderr } = await service.ended;
  assert.is(code, 0, stderr);
  assert.equal(byRow(mockSegment.accepted), expected);
  assert.is(mockSegment.dropped.repeated, 0, "no answer was given up");
  assert.ok(mockSegment.requests >= 3 * PARTITIONS, "several answers for each partition");
});

function settings(): object {
  return {
    name: "slow",
    kafka: { brokers: stack.kafka.brokers, sessionTimeout: `${SESSION_TIMEOUT_MS}ms` },
    state: { directory: join(directory, "state") },
    segment: { writeKey: "none", url: mockSegment.url },
    log: { format: "json", level: "warn" },
    status: { port: 0 },
    models: { users: { topic: TOPIC } },
    syncs: {
      profile: { model: "users", type: "identify", userId: "id", traits: ["email", "plan"] },
    },
  };
}

/** The feed's records, over about 25 s. */
async function produce(): Promise<void> {
  const createPartitioner = Partitioners.DefaultPartitioner;
  const producer = kafka().producer({ createPartitioner });
  await producer.connect();
  for (let from = 0; from < lines.length; from += 60) {
    const messages = lines.slice(from, from + 60).map((line) => {
      const { partition, key, payload } = JSON.parse(line);
      return { partition, key, value: payload };
    });
    await producer.send({ topic: TOPIC, acks: -1, messages });
    await sleep(500);
  }
  await producer.disconnect();
}

type Ids = { readonly [row: string]: readonly string[] };

/** The ids of the messages that the records are worth, by row. */
async function expectedByRow(): Promise<Ids> {
  const feed = join(directory, "feed.ndjson");
  writeFileSync(feed, `${lines.join("\n")}\n`);
  const { code, stdout, stderr } = await cdcToSegment(["preview", "--config", config, feed]);
  assert.is(code, 0, stderr);
  return byRow(
    stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line)),
  );
}

function byRow(
  messages: readonly { readonly userId?: string; readonly messageId?: string }[],
): Ids {
  const rows = Map.groupBy(messages, ({ userId = "" }) => userId);
  const ids = [...rows].map(([row, all]) => [row, all.map(({ messageId = "" }) => messageId)]);
  return Object.fromEntries(ids.toSorted()) as Ids;
}

function kafka(): Kafka {
  return new Kafka({ brokers: stack.kafka.brokers, logLevel: logLevel.NOTHING });
}

test.run();
