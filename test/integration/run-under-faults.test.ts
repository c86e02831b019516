import type { ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Kafka, logLevel, Partitioners } from "kafkajs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { MockSegment, type ReceivedMessage } from "../../src/cli/demo/mock-segment.ts";
import { type Stack, startStack } from "../stack/stack.ts";
import { recordedChanges } from "../support/changes.ts";
import { cdcToSegment, start } from "../support/command-line.ts";

/**
 * `run` on a real Kafka: the process is killed between delivery and checkpoint, the broker restarts, Segment returns
 * errors. Segment keeps, by messageId and in the order of each row, the messages that `preview` prints for the records.
 */

const TOPIC = "app.public.users";
const PARTITIONS = 4;
const RECORDS = 24_000;
const KILLS = 4;

/** Responses to three of each ten requests. */
const FAULTS = [
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
let segment: MockSegment;
let onBatch: (batch: readonly ReceivedMessage[]) => void = () => {};

test.before(async () => {
  stack = await startStack({ kafka: true });
  segment = await MockSegment.start({
    faultFor: (batch, request) => {
      const fault = FAULTS[request % 10];
      if (fault === undefined) onBatch(batch);
      return fault ?? { status: 200, delay_ms: 10 };
    },
  });
  writeFileSync(config, JSON.stringify(settings()));
  writeFileSync(join(directory, "feed.ndjson"), `${lines.join("\n")}\n`);
  await withAdmin((admin) =>
    admin.createTopics({ topics: [{ topic: TOPIC, numPartitions: PARTITIONS }] }),
  );
});

test.after(async () => {
  await segment?.stop();
  await stack?.stop();
  rmSync(directory, { recursive: true });
});

test("should send exactly the messages that preview prints for the records", async () => {
  const expected = await expectedMessages();
  let service = start(["run", "--config", config]);
  // Records that come later are changes; records already in the topic are initial results, which are skipped.
  while (!existsSync(join(directory, "state/faults/run/begun.json"))) await sleep(50);
  for (let kills = 0; kills < KILLS; kills += 1) {
    await produce(kills);
    await killInsideRequest(service.child);
    await service.ended;
    if (kills === 1) await stack.kafka.restart();
    service = start(["run", "--config", config]);
  }
  await produce(KILLS);
  const deadline = Date.now() + 120_000;
  while (segment.accepted.length < expected.length && Date.now() < deadline) await sleep(200);
  await sleep(1_500); // time for messages that must not come
  service.child.kill("SIGTERM");
  const ended = await service.ended;
  assert.is(ended.code, 0, ended.stderr);
  assert.equal(ids(segment.accepted).toSorted(), ids(expected).toSorted());
  assert.equal(byRow(segment.accepted), byRow(expected));
});

/** Kills the process after Segment has taken a batch of some messages, and before the process reads the response. */
async function killInsideRequest(child: ChildProcess): Promise<void> {
  const inRequest = Promise.withResolvers<void>();
  let messages = 0;
  onBatch = (batch) => {
    messages += batch.length;
    if (messages < 500) return;
    onBatch = () => {};
    child.kill("SIGKILL");
    inRequest.resolve();
  };
  const late = sleep(60_000, "late", { ref: false });
  if ((await Promise.race([inRequest.promise, late])) === "late")
    throw new Error(`no messages arrive: ${segment.accepted.length}`);
}

function settings(): object {
  const events = { added: "Added", changed: "Changed", removed: "Removed" };
  return {
    name: "faults",
    kafka: { brokers: stack.kafka.brokers, sessionTimeout: "6s" },
    state: { directory: join(directory, "state") },
    segment: { writeKey: "none", url: segment.url },
    checkpoint: { interval: "200ms" },
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

async function expectedMessages(): Promise<ReceivedMessage[]> {
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
    .map((line) => JSON.parse(line) as ReceivedMessage);
}

/** Produces one of the feed's parts, to the partitions and offsets of the recorded lines. */
async function produce(part: number): Promise<void> {
  const size = Math.ceil(lines.length / (KILLS + 1));
  const own = lines.slice(part * size, (part + 1) * size);
  const producer = kafka().producer({
    idempotent: true,
    maxInFlightRequests: 1,
    createPartitioner: Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  for (let from = 0; from < own.length; from += 250) {
    const records = own.slice(from, from + 250).map((line) => JSON.parse(line));
    const messages = records.map(({ partition, key, payload, ts }) => ({
      partition,
      key,
      value: payload,
      timestamp: `${ts}`,
    }));
    await producer.send({ topic: TOPIC, acks: -1, messages });
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

function ids(messages: readonly ReceivedMessage[]): string[] {
  return messages.map(({ messageId }) => messageId ?? "");
}

function byRow(messages: readonly ReceivedMessage[]): Record<string, string[]> {
  const rows = Map.groupBy(messages, ({ userId }) => userId ?? "");
  return Object.fromEntries([...rows].map(([row, list]) => [row, ids(list)] as const).toSorted());
}

test.run();
