import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Kafka, logLevel, Partitioners } from "kafkajs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Arrived, StandIn } from "../../src/cli/demo/mock-segment.ts";
import { type Stack, startStack } from "../stack/stack.ts";
import { recordedChanges } from "../support/changes.ts";
import { cdcToSegment, start } from "../support/command-line.ts";

/**
 * `run` on a real Kafka while records keep coming: killed, its broker restarted, Segment misbehaving. What Segment keeps
 * is, by messageId and in the order of each row, what `preview` says of the same records.
 */

const TOPIC = "app.public.users";
const PARTITIONS = 4;
const RECORDS = 24_000;
const KILLS = 4;

/** Requests of each ten that are not simply taken. */
const MISBEHAVIOURS = [
  { status: 503 },
  { status: 429, headers: { "retry-after": "0" } },
  "reset" as const,
];

const directory = mkdtempSync(join(tmpdir(), "run-under-faults-"));
const config = join(directory, "config.json");
const lines = [
  ...recordedChanges({
    topic: TOPIC,
    records: RECORDS,
    keys: 2_000,
    partitions: PARTITIONS,
    seed: 7,
  }),
];
const test = suite("run under faults");
let stack: Stack;
let standIn: StandIn;

test.before(async () => {
  stack = await startStack({ kafka: true });
  standIn = await StandIn.start({
    misbehave: (_batch, request) => MISBEHAVIOURS[request % 10] ?? { status: 200, delay_ms: 10 },
  });
  writeFileSync(config, JSON.stringify(settings()));
  writeFileSync(join(directory, "feed.ndjson"), `${lines.join("\n")}\n`);
  await withAdmin((admin) =>
    admin.createTopics({ topics: [{ topic: TOPIC, numPartitions: PARTITIONS }] }),
  );
});

test.after(async () => {
  await standIn?.stop();
  await stack?.stop();
  rmSync(directory, { recursive: true });
});

test("should send exactly what the records are worth", async () => {
  const expected = await expectedMessages();
  let service = start(["run", "--config", config]);
  // From its beginning on everything counts; what lies in the topic before is an initial result, and skipped.
  while (!existsSync(join(directory, "state/faults/run/begun.json"))) await sleep(50);
  let producing = true;
  const produced = produce().finally(() => {
    producing = false;
  });
  for (let kills = 0; kills < KILLS; kills += 1) {
    await grown(500);
    service.child.kill("SIGKILL");
    await service.ended;
    if (kills === 1) await stack.kafka.restart();
    service = start(["run", "--config", config]);
  }
  assert.ok(producing, "the kills came after the records: they proved nothing");
  await produced;
  const deadline = Date.now() + 120_000;
  while (standIn.kept.length < expected.length && Date.now() < deadline) await sleep(200);
  await sleep(1_500); // what must not come has had its time
  service.child.kill("SIGTERM");
  const ended = await service.ended;
  assert.is(ended.code, 0, ended.stderr);
  assert.equal(ids(standIn.kept).toSorted(), ids(expected).toSorted());
  assert.equal(byRow(standIn.kept), byRow(expected));
});

/** Some more messages have arrived: this life has done something, and is in the midst of more. */
async function grown(by: number): Promise<void> {
  const target = standIn.kept.length + by;
  const deadline = Date.now() + 60_000;
  while (standIn.kept.length < target) {
    if (Date.now() > deadline)
      throw new Error(`nothing arrives: ${standIn.kept.length} of ${target} messages`);
    await sleep(20);
  }
}

function settings(): object {
  const events = { added: "Added", changed: "Changed", removed: "Removed" };
  return {
    name: "faults",
    kafka: { brokers: stack.kafka.brokers, sessionTimeout_ms: 6_000 },
    state: { directory: join(directory, "state") },
    segment: { writeKey: "none", url: standIn.url },
    checkpoint: { interval_ms: 200 },
    log: { format: "json", level: "warn" },
    status: { port: 0 },
    models: { users: { topic: TOPIC }, paying: { topic: TOPIC, where: 'row.plan != "free"' } },
    syncs: {
      profile: { model: "users", type: "identify", userId: "id", traits: ["email", "plan"] },
      session: { model: "users", type: "track", userId: "id", events, properties: ["plan"] },
      paying: {
        model: "paying",
        type: "track-entered-exited",
        userId: "id",
        initialResults: "send",
      },
    },
  };
}

async function expectedMessages(): Promise<Arrived[]> {
  const { code, stdout, stderr } = await cdcToSegment([
    "preview",
    "--config",
    config,
    join(directory, "feed.ndjson"),
  ]);
  assert.is(code, 0, stderr);
  return stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Arrived);
}

/** The feed's records to the partitions and offsets that it says, over about half a minute. */
async function produce(): Promise<void> {
  const producer = kafka().producer({
    idempotent: true,
    maxInFlightRequests: 1,
    createPartitioner: Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  for (let from = 0; from < lines.length; from += 250) {
    const records = lines.slice(from, from + 250).map((line) => JSON.parse(line));
    const messages = records.map(({ partition, key, payload, ts }) => ({
      partition,
      key,
      value: payload,
      timestamp: `${ts}`,
    }));
    await producer.send({ topic: TOPIC, acks: -1, messages });
    await sleep(350);
  }
  await producer.disconnect();
}

async function withAdmin(
  work: (admin: ReturnType<Kafka["admin"]>) => Promise<unknown>,
): Promise<void> {
  const admin = kafka().admin();
  await admin.connect();
  await work(admin);
  await admin.disconnect();
}

function kafka(): Kafka {
  const retry = { retries: 20, maxRetryTime: 1_000 };
  return new Kafka({ brokers: stack.kafka.brokers, logLevel: logLevel.NOTHING, retry });
}

function ids(messages: readonly Arrived[]): string[] {
  return messages.map(({ messageId }) => messageId ?? "");
}

function byRow(messages: readonly Arrived[]): Record<string, string[]> {
  const rows = Map.groupBy(messages, ({ userId }) => userId ?? "");
  return Object.fromEntries([...rows].map(([row, list]) => [row, ids(list)] as const).toSorted());
}

test.run();
