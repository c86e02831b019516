import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Kafka, logLevel, Partitioners } from "kafkajs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { MockSegment, type ReceivedMessage } from "../../src/cli/demo/mock-segment.ts";
import { type Stack, startStack } from "../stack/stack.ts";
import { generator, recordedChanges } from "../support/changes.ts";
import { type Ended, start } from "../support/command-line.ts";
import { type SmallDisk, smallDisk } from "../support/small-disk.ts";

/**
 * The disk under the state directory is full: at the start, in RocksDB's write-ahead log, in a flush. The process ends
 * with STATE_UNWRITABLE. Once there is space, the next start sends, by messageId, what `preview` prints for the input.
 */

const TOPIC = "app.public.users";
const PARTITIONS = 2;
const RECORDS = 6_000;

/** Smallest write buffers: RocksDB flushes and compacts all the time. */
const SMALL_BUFFERS = 1_000_000;
/** Memtables that never fill: only the write-ahead log is written. */
const LARGE_BUFFERS = 64_000_000;

/**
 * `first request`: Segment has a batch whose checkpoint is not written yet. The rows need at least 1.4 MB on disk (1,800
 * keys of 850 random bytes), so a later checkpoint fails in each case.
 */
const FULL: readonly {
  readonly what: string;
  readonly from: "start" | "first request";
  readonly free_bytes: number;
  readonly memory_bytes: number;
}[] = [
  { what: "before the state is made", from: "start", free_bytes: 0, memory_bytes: LARGE_BUFFERS },
  {
    what: "while the state is made",
    from: "start",
    free_bytes: 24_000,
    memory_bytes: LARGE_BUFFERS,
  },
  {
    // RocksDB preallocates the log at open, so a disk that fills later does not stop it.
    what: "in the write-ahead log",
    from: "start",
    free_bytes: 400_000,
    memory_bytes: LARGE_BUFFERS,
  },
  {
    what: "in a flush or the log behind it",
    from: "first request",
    free_bytes: 800_000,
    memory_bytes: SMALL_BUFFERS,
  },
  {
    what: "in a flush or a compaction",
    from: "first request",
    free_bytes: 1_200_000,
    memory_bytes: SMALL_BUFFERS,
  },
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

/** Each test has its own disk and its own mock Segment server. */
function setUp(memory_bytes: number, work: (parts: Parts) => Promise<void>): () => Promise<void> {
  return async () => {
    const disk = smallDisk();
    let first: (() => void) | null = null;
    const onRequest = (action: () => void) => {
      first = action;
    };
    const segment = await MockSegment.start({
      faultFor: () => {
        first?.();
        first = null;
        return null;
      },
    });
    const config = join(directory, "config.json");
    writeFileSync(config, JSON.stringify(settings(disk.directory, segment.url, memory_bytes)));
    try {
      await work({ disk, segment, config, onRequest });
    } finally {
      await segment.stop();
      disk.remove();
    }
  };
}

type Parts = {
  readonly disk: SmallDisk;
  readonly segment: MockSegment;
  readonly config: string;
  /** Runs an action inside the first request, before Segment responds. */
  readonly onRequest: (action: () => void) => void;
};

for (const { what, from, free_bytes, memory_bytes } of FULL) {
  test(
    `should end a replay ${what}, and continue when there is space`,
    setUp(memory_bytes, async ({ disk, segment, config, onRequest }) => {
      const replay = () => started(["replay", "--config", config, feed], disk).ended;
      if (from === "start") disk.reduceTo(free_bytes);
      else onRequest(() => disk.reduceTo(free_bytes));
      isUnwritable(await replay());
      // The next start reports the same error, not a broken state or another input.
      disk.reduceTo(0);
      isUnwritable(await replay());
      disk.clear();
      const { code, stderr } = await replay();
      assert.is(code, 0, stderr);
      await isWhole(segment, config);
      const repeated = segment.received.length - segment.accepted.length;
      if (from === "first request")
        assert.ok(repeated > 0, "the batch whose checkpoint failed is sent again");
    }),
  );
}

test(
  "should leave no half dead letter behind",
  setUp(LARGE_BUFFERS, async ({ disk, segment, config }) => {
    const bad = join(directory, "bad.ndjson");
    const deadLetters = join(disk.directory, "state/full/replay/dead-letters.ndjson");
    writeFileSync(bad, Array.from({ length: 900 }, (_, offset) => badLine(offset)).join(""));
    const replay = () => started(["replay", "--config", config, bad], disk).ended;
    disk.reduceTo(1_500_000);
    const { code, stderr } = await replay();
    assert.is(code, 1);
    assert.match(stderr, /^DEAD_LETTERS_UNWRITABLE: .*(No space left|no space left|too large)/m);
    disk.clear();
    assert.is((await replay()).code, 0);
    const written = readFileSync(deadLetters, "utf8").trimEnd().split("\n");
    const offsets = new Set(written.map((line) => JSON.parse(line).offset));
    assert.is(offsets.size, 900);
    assert.is(segment.accepted.length, 0);
  }),
);

test(
  "should end run, whose changelog restores the state",
  setUp(SMALL_BUFFERS, async ({ disk, segment, config }) => {
    await createTopic();
    const run = () => started(["run", "--config", config], disk);
    const first = run();
    // Records that come later are changes; records already in the topic are initial results.
    while (!existsSync(join(disk.directory, "state/full/run/begun.json"))) await sleep(50);
    disk.reduceTo(2_500_000);
    disk.limit(first.child);
    await produce();
    isUnwritable(await first.ended);
    isUnwritable(await run().ended);
    disk.clear();
    const last = run();
    const { length } = await expectedMessages(config);
    const deadline = Date.now() + 60_000;
    while (segment.accepted.length < length && Date.now() < deadline) await sleep(100);
    await sleep(500); // time for messages that must not come
    last.child.kill("SIGTERM");
    const { code, stderr } = await last.ended;
    assert.is(code, 0, stderr);
    // The changelog has what the store could not write.
    assert.match(stderr, /"how":"(tail|all)".*state restored/);
    await isWhole(segment, config);
  }),
);

function started(args: readonly string[], disk: SmallDisk): ReturnType<typeof start> {
  const service = start(args);
  disk.limit(service.child);
  return service;
}

function isUnwritable({ code, stderr }: Ended): void {
  assert.is(code, 1, stderr);
  assert.match(stderr, /STATE_UNWRITABLE.*(No space left|no space left|too large)/m);
  assert.match(stderr, /Free disk space.* and restart: nothing is lost/);
}

/** Segment has the expected messages, those of each row in order. */
async function isWhole({ accepted }: MockSegment, config: string): Promise<void> {
  const messages = await expectedMessages(config);
  assert.equal(ids(accepted).toSorted(), ids(messages).toSorted());
  assert.equal(byRow(accepted), byRow(messages));
}

function settings(state: string, url: string, memory_bytes: number): object {
  const events = { added: "Added", changed: "Changed", removed: "Removed" };
  return {
    name: "full",
    kafka: { brokers: stack.kafka.brokers },
    state: { directory: join(state, "state"), memory: `${memory_bytes}B` },
    segment: { writeKey: "none", url },
    checkpoint: { interval: "50ms", rows: 200 },
    log: { format: "json" },
    status: { port: 0 },
    models: { users: { topic: TOPIC } },
    syncs: {
      profile: { model: "users", type: "identify", userId: "id", traits: ["email", "plan"] },
      session: { model: "users", type: "track", userId: "id", events, properties: ["plan"] },
    },
  };
}

/** Rows of 1 KB that do not compress. */
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

let expected: ReceivedMessage[] | undefined;

async function expectedMessages(config: string): Promise<ReceivedMessage[]> {
  if (expected) return expected;
  const { code, stdout, stderr } = await start(["preview", "--config", config, feed]).ended;
  assert.is(code, 0, stderr);
  const messages = stdout.trim().split("\n");
  expected = messages.map((line) => JSON.parse(line) as ReceivedMessage);
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

function ids(messages: readonly ReceivedMessage[]): string[] {
  return messages.map(({ messageId }) => messageId ?? "");
}

function byRow(messages: readonly ReceivedMessage[]): Record<string, string[]> {
  const rows = Map.groupBy(messages, ({ userId }) => userId ?? "");
  return Object.fromEntries([...rows].map(([row, list]) => [row, ids(list)] as const).toSorted());
}

test.run();
