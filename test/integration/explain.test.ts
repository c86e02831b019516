import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Kafka, logLevel, Partitioners } from "kafkajs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { MockSegment } from "../../src/cli/demo/mock-segment.ts";
import { recordedForm } from "../../src/data/recorded-line.ts";
import type { ExplainedRow, Explanation } from "../../src/explain/explanation.ts";
import { type Stack, startStack } from "../stack/stack.ts";
import { cdcToSegment, type Ended } from "../support/command-line.ts";
import { recordOf, TOPIC } from "../support/debezium.ts";
import { StatusPort } from "../support/status-port.ts";
import { type Change, insert, remove, update } from "../support/table.ts";

/** The command with a running service, with the state on disk, and after a restore. */

const SECRET = "explained-write-key-0123456789";
const directory = mkdtempSync(join(tmpdir(), "explain-"));
const config = join(directory, "config.json");
const s = suite("explain");
let stack: Stack;
let mockSegment: MockSegment;
let port: StatusPort;

const row = (id: number, over: object = {}) => ({ id, email: `${id}@x`, seen: 0, ...over });
const STORY: readonly Change[] = [
  ...[1, 2, 3, 4].map((id) => insert(row(id), id)),
  update(row(1, { email: "new@x" }), 10),
  update(row(2, { seen: 1 }), 11),
  remove(3, 12),
  update(row(4, { email: "rejected@x" }), 13),
];
/** Explanations of the running service, by key. */
const explanations = new Map<number, Explanation>();

s.before(async () => {
  stack = await startStack({ kafka: true });
  // Rejects one message, as Segment does with invalid JSON.
  mockSegment = await MockSegment.start({
    faultFor: (batch) =>
      batch.some(({ properties }) => properties?.email === "rejected@x") ? { status: 400 } : null,
  });
  const admin = kafka().admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic: TOPIC, numPartitions: 2 }] });
  await admin.disconnect();
  writeFileSync(config, JSON.stringify(settings(await freePort())));
  await produce(STORY);
  port = await StatusPort.of(config);
  await port.ready();
  await until(async () => {
    const m = await port.metrics();
    return m.sum("lag_records") === 0 && m.sum("log_end_offset") === STORY.length;
  });
});

s.after(async () => {
  await port?.stop();
  await mockSegment?.stop();
  await stack?.stop();
  rmSync(directory, { recursive: true });
});

s(
  "should request the explanation of the running service, with the responses of Segment",
  async () => {
    for (const id of [1, 2, 3, 4]) {
      const { explanation, stderr } = await explained(["--key", String(id)]);
      assert.match(stderr, /asked the service at http:\/\/127\.0\.0\.1:/);
      assert.equal(explanation.searched.toSorted(), [`${TOPIC}/0`, `${TOPIC}/1`]);
      explanations.set(id, explanation);
    }
    const sent = (id: number) => mockSegment.accepted.filter(({ userId }) => userId === String(id));
    for (const id of [1, 2, 3]) {
      const { last } = only(explanations.get(id)).syncs[0] ?? {};
      assert.is(last?.messageId, sent(id).at(-1)?.messageId, `row ${id}`);
      assert.equal([last?.response.status, last?.response.detail], ["accepted", "HTTP 200"]);
    }
    assert.is(
      only(explanations.get(2)).syncs[0]?.last?.kind,
      "added",
      "its last change sent nothing",
    );
    assert.is(only(explanations.get(3)).isRemoved, true);
    const rejected = only(explanations.get(4)).syncs[0]?.last;
    assert.equal([rejected?.kind, rejected?.response.status], ["changed", "rejected"]);
    assert.match(rejected?.response.detail ?? "", /400/);
  },
);

s("should print the explanation, and what a record would do", async () => {
  const line = lineOf(update(row(1, { email: "next@x" }), 20), 99);
  const asked = ["--key", "1", "--record", fileOf(line)];
  const { code, stdout } = await run(asked);
  assert.is(code, 0);
  const { last, since } = only(explanations.get(1)).syncs[0] ?? {};
  for (const text of [
    "row [1] of model users",
    `lifecycle (track): member, since ${since}`,
    `last message: changed, messageId ${last?.messageId}, from ${TOPIC}/1@`,
    "accepted by Segment: HTTP 200",
    "lifecycle columns: watched: id, email; different: email",
    '→ track "Changed", userId 1, messageId ',
  ])
    assert.ok(stdout.includes(text), `${text}\n${stdout}`);
  assert.not.match(stdout, /next@x|new@x/, "column names without values");
  assert.match((await run([...asked, "--show-values"])).stdout, /"new@x" → "next@x"/);
  assert.is(
    mockSegment.accepted.some(({ properties }) => properties?.email === "next@x"),
    false,
  );
});

s("should serve the same explanation as JSON", async () => {
  const page = await port.json<Explanation>("/explain?model=users&key=1");
  assert.equal(page, explanations.get(1));
});

s("should read the state of a stopped service without changing it", async () => {
  assert.is((await port.stop()).code, 0);
  const before = contents();
  for (const [id, was] of explanations) {
    const { explanation, stderr } = await explained(["--key", String(id)]);
    assert.match(stderr, /no service of this pipeline responds here; read the state in .*run$/m);
    assert.equal(withoutResponses(explanation), withoutResponses(was), `row ${id}`);
    assert.is(only(explanation).syncs[0]?.last?.response.status, "settled");
  }
  assert.equal(contents(), before);
  assert.match(
    (await run(["--key", "1"])).stdout,
    /accepted by Segment, unless its messageId is in the dead letter queue/,
  );
  const unknown = await run(["--key", "404"]);
  assert.equal(
    [unknown.code, /in none of the searched partitions/.test(unknown.stdout)],
    [0, true],
  );
});

s("should explain the same after a restore", async () => {
  rmSync(join(directory, "state"), { recursive: true });
  const lost = await run(["--key", "1"]);
  assert.match(lost.stdout, /this machine has no state of the model/);
  port = await StatusPort.of(config);
  await port.ready();
  for (const [id, was] of explanations) {
    const { explanation } = await explained(["--key", String(id)]);
    assert.equal(withoutResponses(explanation), withoutResponses(was), `row ${id}`);
  }
});

s("should reject invalid arguments, as the service does", async () => {
  for (const [args, reason] of [
    [["--key", "{"], /the key \{ is unreadable/],
    [["--key", "1", "--model", "none"], /there is no model "none"/],
    [["--record", fileOf("{}")], /the record is unreadable/],
    [["--record", fileOf(`${lineOf(STORY[0] as Change, 0)}\n{}`)], /more than one line/],
    [["--record", fileOf("")], /has no line/],
  ] as const) {
    const { code, stdout, stderr } = await run(args);
    assert.equal([code, stdout], [2, ""], stderr);
    assert.match(stderr, reason);
  }
  const { code, stderr } = await cdcToSegment(["explain", "--config", config, "--model", "users"]);
  assert.equal([code, /needs --key JSON, or --record/.test(stderr)], [2, true]);
});

s("should read the state beside a service without a known port", async () => {
  assert.is((await port.stop()).code, 0);
  const withoutPort = join(directory, "without-port.json");
  writeFileSync(withoutPort, JSON.stringify({ ...settings(0), status: "off" }));
  writeFileSync(config, JSON.stringify(settings(0)));
  port = await StatusPort.of(config);
  await port.ready();
  const { stdout } = await cdcToSegment([
    ...["explain", "--config", withoutPort, "--model", "users", "--key", "1", "--json"],
  ]);
  const was = explanations.get(1) as Explanation;
  assert.equal(withoutResponses(JSON.parse(stdout)), withoutResponses(was));
});

async function explained(args: readonly string[]) {
  const { code, stdout, stderr } = await run([...args, "--json"]);
  assert.is(code, 0, stderr);
  return { explanation: JSON.parse(stdout) as Explanation, stderr };
}

async function run(args: readonly string[]): Promise<Ended> {
  const model = args.includes("--model") ? [] : ["--model", "users"];
  const ended = await cdcToSegment(["explain", "--config", config, ...model, ...args]);
  assert.not.match(ended.stdout + ended.stderr, new RegExp(SECRET));
  return ended;
}

function only(explanation: Explanation | undefined): ExplainedRow {
  assert.is(explanation?.rows.length, 1);
  return explanation?.rows[0] as ExplainedRow;
}

/** Only the running process retains responses. */
function withoutResponses(explanation: Explanation): object {
  const text = JSON.stringify(explanation, (name, value) => (name === "response" ? null : value));
  const { searched, ...rest } = JSON.parse(text);
  return { ...rest, searched: searched.toSorted() };
}

/** Every file of the state with its size and the time of its last change. */
function contents(): readonly string[] {
  const names = readdirSync(join(directory, "state"), { recursive: true }) as string[];
  return names.toSorted().map((name) => {
    const { size, mtimeMs } = statSync(join(directory, "state", name));
    return `${name} ${size} ${mtimeMs}`;
  });
}

let files = 0;
function fileOf(text: string): string {
  files += 1;
  const path = join(directory, `record-${files}.ndjson`);
  writeFileSync(path, `${text}\n`);
  return path;
}

function lineOf(change: Change, offset: number): string {
  const partition = Number((change.key as { id: number }).id) % 2;
  return JSON.stringify(recordedForm(recordOf({ ...change, partition, offset })));
}

function settings(statusPort: number): object {
  return {
    name: "explain",
    kafka: { brokers: stack.kafka.brokers },
    state: { directory: join(directory, "state") },
    segment: { writeKey: SECRET, url: mockSegment.url },
    checkpoint: { interval: "100ms" },
    log: { format: "json" },
    status: { port: statusPort },
    models: { users: { topic: TOPIC } },
    syncs: {
      lifecycle: {
        ...{ model: "users", type: "track", userId: "id", properties: ["email"] },
        events: { added: "Added", changed: "Changed", removed: "Removed" },
        initialResults: "send",
      },
    },
  };
}

/** A port that was just free: the command needs its number. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port: free } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return free;
}

async function until(is: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 60_000; !(await is()); await sleep(100))
    if (Date.now() > deadline) throw new Error(await port.text("/metrics"));
}

async function produce(changes: readonly Change[]): Promise<void> {
  const producer = kafka().producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  const messages = changes.map(({ key, value }) => ({
    partition: Number((key as { id: number }).id) % 2,
    key: JSON.stringify(key),
    value: JSON.stringify(value),
  }));
  await producer.send({ topic: TOPIC, acks: -1, messages });
  await producer.disconnect();
}

function kafka(): Kafka {
  return new Kafka({ brokers: stack.kafka.brokers, logLevel: logLevel.NOTHING });
}

s.run();
