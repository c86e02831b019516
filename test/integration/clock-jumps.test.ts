import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Admin, Kafka, logLevel, Partitioners, type Producer } from "kafkajs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { MockSegment } from "../../src/cli/demo/mock-segment.ts";
import { ensureInstalled, faketimeLibrary } from "../stack/install.ts";
import { type Stack, startStack } from "../stack/stack.ts";
import { start } from "../support/command-line.ts";
import { TOPIC } from "../support/debezium.ts";
import { commitTimeOf, insert } from "../support/table.ts";

/**
 * The machine's clock is set while `run` works, forward by a day and back by two (libfaketime; the monotonic clock is
 * unaffected, as on a real machine). Checkpoints continue, and each row is sent once, with the database's time.
 */

/** Longer than the session, so that a process whose heartbeats stop is noticed. */
const EACH_MS = 10_000;
const SESSION_TIMEOUT_MS = 6_000;
const JUMPS = ["+0", "+1d", "-1d", "+0"] as const;

const directory = mkdtempSync(join(tmpdir(), "clock-jumps-"));
const clockFile = join(directory, "clock");
const test = suite("a clock that is set");
let stack: Stack;
let mockSegment: MockSegment;
let admin: Admin;
let producer: Producer;
let produced = 0;

test.before(async () => {
  await ensureInstalled({ faketime: true });
  stack = await startStack({ kafka: true });
  mockSegment = await MockSegment.start();
  const kafka = new Kafka({ brokers: stack.kafka.brokers, logLevel: logLevel.NOTHING });
  admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic: TOPIC, numPartitions: 1 }] });
  producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
});

test.after(async () => {
  await producer?.disconnect();
  await admin?.disconnect();
  await mockSegment?.stop();
  await stack?.stop();
  rmSync(directory, { recursive: true });
});

test("should change neither the messages nor the time until they are durable", async () => {
  await runWith(JUMPS, EACH_MS);
  // A process that starts with a wrong clock.
  for (const wrong of ["+1d", "-1d"]) await runWith([wrong], 1_000);
  for (const { userId, timestamp } of mockSegment.accepted)
    assert.is(timestamp, new Date(commitTimeOf(Number(userId))).toISOString());
});

/** One run of the process, with these offsets of the clock one after the other. */
async function runWith(clocks: readonly string[], each_ms: number): Promise<void> {
  const config = join(directory, "config.json");
  writeFileSync(config, JSON.stringify(settings()));
  setClock(clocks[0] ?? "+0");
  const { child, ended } = await run(config);
  for (const clock of clocks) {
    setClock(clock);
    for (const since = Date.now(); Date.now() - since < each_ms; ) await produce();
    await durable(clock);
  }
  child.kill("SIGTERM");
  const { code, stderr } = await ended;
  assert.is(code, 0, stderr);
  assert.is(mockSegment.accepted.length, produced, "nothing was lost or sent twice");
}

function settings(): object {
  return {
    name: "clock",
    kafka: { brokers: stack.kafka.brokers, sessionTimeout: `${SESSION_TIMEOUT_MS}ms` },
    state: { directory: join(directory, "state") },
    segment: { writeKey: "none", url: mockSegment.url },
    checkpoint: { interval: "200ms" },
    log: { format: "json" },
    status: "off",
    models: { users: { topic: TOPIC } },
    syncs: { profile: { model: "users", type: "identify", userId: "id", traits: ["email"] } },
  };
}

/** Said in libfaketime's words: how far the clock is off. */
function setClock(offset: string): void {
  writeFileSync(`${clockFile}.new`, offset);
  renameSync(`${clockFile}.new`, clockFile);
}

async function run(config: string): Promise<ReturnType<typeof start>> {
  return start(["run", "--config", config], {
    LD_PRELOAD: await faketimeLibrary(),
    FAKETIME_TIMESTAMP_FILE: clockFile,
    FAKETIME_NO_CACHE: "1",
    FAKETIME_DONT_FAKE_MONOTONIC: "1",
  });
}

async function produce(): Promise<void> {
  const ids = Array.from({ length: 20 }, (_, i) => produced + i + 1);
  const messages = ids.map((id) => {
    const { key, value } = insert({ id, email: `${id}@x` }, id);
    return { partition: 0, key: JSON.stringify(key), value: JSON.stringify(value) };
  });
  await producer.send({ topic: TOPIC, acks: -1, messages });
  produced += messages.length;
  await sleep(100);
}

/** All that was produced is delivered, and the group's offset, a checkpoint's last step, says so. */
async function durable(clock: string): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const [response] = await admin.fetchOffsets({ groupId: "clock", topics: [TOPIC] });
    if (Number(response?.partitions[0]?.offset) === produced) return;
    if (Date.now() > deadline)
      throw new Error(
        `${clock}: ${JSON.stringify(response)} of ${produced}, ${mockSegment.accepted.length} kept`,
      );
    await sleep(100);
  }
}

test.run();
