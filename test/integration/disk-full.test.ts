import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Kafka, logLevel, Partitioners } from "kafkajs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Arrived, StandIn } from "../../src/cli/demo/mock-segment.ts";
import { type Stack, startStack } from "../stack/stack.ts";
import { generator, recordedChanges } from "../support/changes.ts";
import { type Ended, start } from "../support/command-line.ts";
import { type SmallDisk, smallDisk } from "../support/small-disk.ts";

/**
 * The disk under the state is full, at the start, in RocksDB's log, in a flush behind its back: the process ends and says
 * what to do, and once there is room the next start sends, by messageId, what `preview` says of the same records.
 */

const TOPIC = "app.public.users";
const PARTITIONS = 2;
const RECORDS = 6_000;

/** Smallest write buffers: RocksDB writes and merges its files in the background all the time. */
const SMALL_BUFFERS = 1_000_000;
/** Both logs in memory until they are full: nothing else is written. */
const LARGE_BUFFERS = 64_000_000;

const FULL: readonly (readonly [what: string, free_bytes: number, memory_bytes: number])[] = [
  ["before the state is made", 0, LARGE_BUFFERS],
  ["while the state is made", 24_000, LARGE_BUFFERS],
  ["in the write-ahead log", 400_000, LARGE_BUFFERS],
  ["in a flush or the log behind it", 2_500_000, SMALL_BUFFERS],
  ["in a flush or a compaction", 4_000_000, SMALL_BUFFERS],
];

const directory = mkdtempSync(join(tmpdir(), "disk-full-"));
const feed = join(directory, "feed.ndjson");
const lines = wideChanges();
const test = suite("a full disk");
let stack: Stack;

test.before(async () => {
  writeFileSync(feed, `${lines.join("\n")}\n`);
  stack = await startStack({ kafka: true });
});

test.after(async () => {
  await stack?.stop();
  rmSync(directory, { recursive: true });
});

/** A disk and a Segment of its own. */
function setUp(memory_bytes: number, work: (parts: Parts) => Promise<void>): () => Promise<void> {
  return async () => {
    const disk = smallDisk();
    const standIn = await StandIn.start();
    const config = join(directory, "config.json");
    writeFileSync(config, JSON.stringify(settings(disk.directory, standIn.url, memory_bytes)));
    try {
      await work({ disk, standIn, config });
    } finally {
      await standIn.stop();
      disk.remove();
    }
  };
}

type Parts = { readonly disk: SmallDisk; readonly standIn: StandIn; readonly config: string };

for (const [what, free_bytes, memory_bytes] of FULL) {
  const isUsed = free_bytes > 100_000;
  test(
    `should end a replay ${what}, and go on when there is room`,
    setUp(memory_bytes, async ({ disk, standIn, config }) => {
      const replay = () => knownTopics(["replay", "--config", config, feed], disk).ended;
      disk.fill(free_bytes);
      isUnwritable(await replay());
      // Whoever starts it again at once is told the same, not that the state is broken or the input another.
      isUnwritable(await replay());
      disk.waitForSpace();
      const { code, stderr } = await replay();
      assert.is(code, 0, stderr);
      await isWhole(standIn, config);
      // What a checkpoint had delivered when the store failed it.
      const repeated = standIn.arrived.length - standIn.kept.length;
      if (isUsed) assert.ok(repeated > 0, "nothing came twice: it failed before anything was sent");
    }),
  );
}

test(
  "should leave no half dead letter behind",
  setUp(LARGE_BUFFERS, async ({ disk, standIn, config }) => {
    const bad = join(directory, "bad.ndjson");
    const deadLetters = join(disk.directory, "state/full/replay/dead-letters.ndjson");
    writeFileSync(bad, Array.from({ length: 900 }, (_, offset) => badLine(offset)).join(""));
    const replay = () => knownTopics(["replay", "--config", config, bad], disk).ended;
    disk.fill(1_500_000);
    const { code, stderr } = await replay();
    assert.is(code, 1);
    assert.match(stderr, /^DEAD_LETTERS_UNWRITABLE: .*(No space left|no space left|too large)/m);
    disk.waitForSpace();
    assert.is((await replay()).code, 0);
    const written = readFileSync(deadLetters, "utf8").trimEnd().split("\n");
    const offsets = new Set(written.map((line) => JSON.parse(line).offset));
    assert.is(offsets.size, 900);
    assert.is(standIn.kept.length, 0);
  }),
);

test(
  "should end run, whose changelog brings the state back to where it was",
  setUp(SMALL_BUFFERS, async ({ disk, standIn, config }) => {
    await createTopic();
    const run = () => knownTopics(["run", "--config", config], disk);
    const first = run();
    // From its beginning on everything counts; what lies in the topic before is an initial result.
    while (!existsSync(join(disk.directory, "state/full/run/begun.json"))) await sleep(50);
    disk.fill(2_500_000);
    disk.bound(first.child);
    await produce();
    isUnwritable(await first.ended);
    isUnwritable(await run().ended);
    disk.waitForSpace();
    const last = run();
    const { length } = await expectedMessages(config);
    const deadline = Date.now() + 60_000;
    while (standIn.kept.length < length && Date.now() < deadline) await sleep(100);
    await sleep(500); // what must not come has had its time
    last.child.kill("SIGTERM");
    const { code, stderr } = await last.ended;
    assert.is(code, 0, stderr);
    // What the store could not take was in the changelog before.
    assert.match(stderr, /"how":"(read|all)".*state restored/);
    await isWhole(standIn, config);
  }),
);

function knownTopics(args: readonly string[], disk: SmallDisk): ReturnType<typeof start> {
  const service = start(args);
  disk.bound(service.child);
  return service;
}

function isUnwritable({ code, stderr }: Ended): void {
  assert.is(code, 1, stderr);
  assert.match(stderr, /STATE_UNWRITABLE.*(No space left|no space left|too large)/m);
  assert.match(stderr, /Make room there.* and start again: nothing is lost/);
}

/** Segment kept what the records are worth, each row's in its order. */
async function isWhole({ kept }: StandIn, config: string): Promise<void> {
  const messages = await expectedMessages(config);
  assert.equal(ids(kept).toSorted(), ids(messages).toSorted());
  assert.equal(byRow(kept), byRow(messages));
}

function settings(state: string, url: string, memory_bytes: number): object {
  const events = { added: "Added", changed: "Changed", removed: "Removed" };
  return {
    name: "full",
    kafka: { brokers: stack.kafka.brokers },
    state: { directory: join(state, "state"), memory_bytes },
    segment: { writeKey: "none", url },
    checkpoint: { interval_ms: 50, rows: 200 },
    log: { format: "json" },
    status: { port: 0 },
    models: { users: { topic: TOPIC } },
    syncs: {
      profile: { model: "users", type: "identify", userId: "id", traits: ["email", "plan"] },
      session: { model: "users", type: "track", userId: "id", events, properties: ["plan"] },
    },
  };
}

/** Rows of a kilobyte that no compression makes smaller. */
function wideChanges(): string[] {
  const options = { topic: TOPIC, keys: 2_000, partitions: PARTITIONS, seed: 5 };
  const random = generator(5);
  const noise = () => Array.from({ length: 120 }, () => random().toString(36).slice(2)).join("");
  return [...recordedChanges({ ...options, records: RECORDS })].map((line) => {
    const record = JSON.parse(line);
    const value = record.payload && JSON.parse(record.payload);
    if (value?.after) value.after.noise = noise();
    return JSON.stringify({ ...record, payload: value && JSON.stringify(value) });
  });
}

function badLine(offset: number): string {
  const payload = `no JSON ${"x".repeat(5_000)}`;
  return `${JSON.stringify({ topic: TOPIC, partition: 0, offset, key: `{"id":${offset}}`, payload })}\n`;
}

let expected: Arrived[] | undefined;

async function expectedMessages(config: string): Promise<Arrived[]> {
  if (expected) return expected;
  const { code, stdout, stderr } = await start(["preview", "--config", config, feed]).ended;
  assert.is(code, 0, stderr);
  const messages = stdout.trim().split("\n");
  expected = messages.map((line) => JSON.parse(line) as Arrived);
  return expected;
}

async function createTopic(): Promise<void> {
  const admin = kafka().admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic: TOPIC, numPartitions: PARTITIONS }] });
  await admin.disconnect();
}

async function produce(): Promise<void> {
  const createPartitioner = Partitioners.DefaultPartitioner;
  const producer = kafka().producer({
    createPartitioner,
    idempotent: true,
    maxInFlightRequests: 1,
  });
  await producer.connect();
  for (let from = 0; from < lines.length; from += 500) {
    const records = lines.slice(from, from + 500).map((line) => JSON.parse(line));
    const messages = records.map(({ partition, key, payload }) => ({
      partition,
      key,
      value: payload,
    }));
    await producer.send({ topic: TOPIC, acks: -1, messages });
  }
  await producer.disconnect();
}

function kafka(): Kafka {
  return new Kafka({ brokers: stack.kafka.brokers, logLevel: logLevel.NOTHING });
}

function ids(messages: readonly Arrived[]): string[] {
  return messages.map(({ messageId }) => messageId ?? "");
}

function byRow(messages: readonly Arrived[]): Record<string, string[]> {
  const rows = Map.groupBy(messages, ({ userId }) => userId ?? "");
  return Object.fromEntries([...rows].map(([row, list]) => [row, ids(list)] as const).toSorted());
}

test.run();
