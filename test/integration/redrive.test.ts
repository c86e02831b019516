import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Kafka, logLevel, Partitioners } from "kafkajs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { MockSegment, type ReceivedMessage } from "../../src/cli/demo/mock-segment.ts";
import { type Stack, startStack } from "../stack/stack.ts";
import { cdcToSegment, start } from "../support/command-line.ts";
import { TOPIC } from "../support/debezium.ts";
import { FakeRegistry, type Registered, wire } from "../support/fake-registry.ts";
import { type Change, insert, remove, update } from "../support/table.ts";
import { topicHolds } from "../support/topics.ts";

/**
 * Redrives dead letters of `run` on a real Kafka after their causes are fixed: a schema that the registry did not have,
 * and a Segment that rejected messages. An undisturbed run over the same topic gives the expected messages.
 */

const directory = mkdtempSync(join(tmpdir(), "redrive-"));
const test = suite("redrive");
const PARTITIONS = 2;
const SCHEMA = 7;
const SCHEMAS = new Map([[SCHEMA, { schema: '{"type":"object"}', schemaType: "JSON" }]]);
const DEAD_LETTERS = "hit.dead-letters";
let stack: Stack;
let kafka: Kafka;
const ends: (() => Promise<void>)[] = [];

test.before(async () => {
  stack = await startStack({ kafka: true });
  kafka = new Kafka({ brokers: stack.kafka.brokers, logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic: TOPIC, numPartitions: PARTITIONS }] });
  await admin.disconnect();
});

test.after(async () => {
  for (const end of ends) await end();
  await stack?.stop();
  rmSync(directory, { recursive: true });
});

const row = (id: number, email: string) => ({ id, email });
/** In the wire format of the schema that is registered later. */
const inSchema = (change: Change): Change => ({
  ...change,
  value: wire(SCHEMA, Buffer.from(JSON.stringify(change.value))),
});

const CHANGES: readonly Change[] = [
  insert(row(1, "a@x"), 10),
  insert(row(2, "b@x"), 11),
  inSchema(insert(row(3, "c@x"), 12)),
  inSchema(update(row(1, "a2@x"), 13)),
  inSchema(remove(2, 14)),
  { ...insert(row(4, "d@x"), 15), value: "{oops" },
  insert(row(5, "e@x"), 16),
  inSchema(insert(row(6, "f@x"), 17)),
  // Its insert is a dead letter, so this update adds the row, and the insert is outdated.
  update(row(6, "f2@x"), 18),
];
/** Four in a schema, one unreadable, one rejected. */
const DEAD_LETTERED = 6;

test("should send the messages of an undisturbed run, once, and continue from there", async () => {
  await produce(CHANGES);
  const undisturbed = await service("undisturbed", SCHEMAS);
  const undisturbedRun = run(undisturbed.config);
  await until(() => undisturbed.mockSegment.accepted.length === 8);
  await stopped(undisturbedRun);

  const schemas = new Map<number, Registered>();
  const hit = await service("hit", schemas, ({ userId }) => String(userId) === "5");
  const disturbed = run(hit.config);
  await topicHolds(stack.kafka, DEAD_LETTERS, DEAD_LETTERED);
  const early = await cdcToSegment(["redrive", "--config", hit.config]);
  assert.is(early.code, 1);
  assert.match(early.stderr, /REDRIVE_REFUSED: the service runs: its group "hit" has 1 member/);
  await stopped(disturbed);
  assert.is(hit.mockSegment.accepted.length, 3);

  schemas.set(SCHEMA, SCHEMAS.get(SCHEMA) as Registered);
  hit.fix();
  const dryRun = await cdcToSegment(["redrive", "--config", hit.config, "--dry-run"]);
  assert.is(dryRun.code, 0, dryRun.stderr);
  assert.is(hit.mockSegment.accepted.length, 3, "a dry run sends nothing");
  const first = await cdcToSegment(["redrive", "--config", hit.config]);
  assert.is(first.code, 0, first.stderr);
  const outdated = first.stderr.split("\n").filter((line) => line.startsWith("outdated"));
  assert.is(outdated.length, 1, first.stderr);
  assert.match(first.stderr, /^dead letter again .* INVALID_JSON/m);
  const of6 = (line: string) => / 6 /.test(line);
  assert.equal(
    messagesOf(hit.mockSegment).filter((line) => !of6(line)),
    messagesOf(undisturbed.mockSegment).filter((line) => !of6(line)),
  );
  assert.is(hit.mockSegment.dropped.repeated, 0);
  const ids = dryRun.stdout.split("\n").flatMap((line) => (line ? JSON.parse(line).messageId : []));
  const sent = hit.mockSegment.accepted.slice(3).map(({ messageId }) => messageId);
  assert.equal(ids.toSorted(), sent.toSorted(), "the dry run printed the messages that were sent");

  const { received } = hit.mockSegment;
  const before = received.length;
  const second = await cdcToSegment(["redrive", "--config", hit.config]);
  assert.is(second.code, 0, second.stderr);
  assert.is(received.length, before, "the first is not repeated");
  assert.is(second.stderr.match(/^dead letter again/gm)?.length, 1, "only what failed again");

  // The rows that the redrive stored are in the changelog too.
  rmSync(join(directory, "hit"), { recursive: true });
  const again = run(hit.config);
  await produce([update(row(3, "c2@x"), 30), insert(row(2, "b9@x"), 31)]);
  await until(() => hit.mockSegment.accepted.length === before + 2);
  await stopped(again);
  const last = hit.mockSegment.accepted.slice(-2).map(({ event, userId }) => `${event} ${userId}`);
  assert.equal(last.toSorted(), ["Added 2", "Changed 3"]);
});

async function service(
  name: string,
  /** The schemas in its registry; a test may add more. */
  schemas: ReadonlyMap<number, Registered>,
  rejects: (message: ReceivedMessage) => boolean = () => false,
) {
  let isFixed = false;
  const registry = await FakeRegistry.open(schemas);
  const mockSegment = await MockSegment.start({
    faultFor: (batch) => (!isFixed && batch.some(rejects) ? { status: 400 } : null),
  });
  const config = join(directory, `${name}.json`);
  const settings = {
    // One name, so that both have the same message ids; everything else differs.
    name: "redrive",
    kafka: {
      brokers: stack.kafka.brokers,
      groupId: name,
      controlTopic: `${name}.control`,
      schemaRegistry: { url: registry.url },
    },
    deadLetters: { topic: `${name}.dead-letters` },
    // The changelog belongs to the name.
    state: { directory: join(directory, name), changelog: name === "hit" },
    segment: { writeKey: "none", url: mockSegment.url },
    checkpoint: { interval: "200ms" },
    log: { format: "json" },
    status: { port: 0 },
    models: { users: { topic: TOPIC } },
    syncs: {
      session: {
        model: "users",
        type: "track",
        userId: "id",
        properties: ["email"],
        initialResults: "send",
        events: { added: "Added", changed: "Changed", removed: "Removed" },
      },
    },
  };
  writeFileSync(config, JSON.stringify(settings));
  const fix = () => {
    isFixed = true;
  };
  ends.push(
    () => registry.close(),
    () => mockSegment.stop(),
  );
  return { config, mockSegment, fix };
}

const messagesOf = ({ accepted }: MockSegment) =>
  accepted.map(({ event, userId, messageId }) => `${event} ${userId} ${messageId}`).toSorted();

function run(config: string): ReturnType<typeof start> {
  const started = start(["run", "--config", config]);
  ends.push(async () => void started.child.kill("SIGKILL"));
  return started;
}

async function stopped({ child, ended }: ReturnType<typeof start>): Promise<void> {
  child.kill("SIGTERM");
  const { code, stderr } = await ended;
  assert.is(code, 0, stderr);
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!condition() && Date.now() < deadline) await sleep(50);
  assert.ok(condition(), "within a minute");
}

/** Each row into the partition of its id. */
async function produce(changes: readonly Change[]): Promise<void> {
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  const messages = changes.map(({ key, value }) => ({
    partition: (key as { id: number }).id % PARTITIONS,
    key: JSON.stringify(key),
    value: Buffer.isBuffer(value) || typeof value === "string" ? value : JSON.stringify(value),
  }));
  await producer.send({ topic: TOPIC, acks: -1, messages });
  await producer.disconnect();
}

test.run();
