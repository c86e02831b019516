import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import got from "got";
import { Kafka, logLevel, Partitioners } from "kafkajs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { MockSegment } from "../../src/cli/demo/mock-segment.ts";
import { type Stack, startStack } from "../stack/stack.ts";
import { zigzag } from "../support/bad-schemas.ts";
import { start } from "../support/command-line.ts";
import { wire } from "../support/fake-registry.ts";
import { generations, memberOf, peak_MB } from "../support/membership.ts";

/** The registry is unavailable for several sessions of the group, while records arrive with a schema that is not cached. */

const AVRO = "app.public.avro";
const PLAIN = "app.public.plain";
const PARTITIONS = 2;
/** About 1 KB each: sixty times `queueBytes`, the limit of a partition's queue. */
const AVRO_RECORDS = 60_000;
const PLAIN_RECORDS = 3_000;
const SESSION_TIMEOUT_MS = 4_000;
const QUEUE_BYTES = 500_000;

/** Measured: 226 MB, and 365 MB with an unlimited queue. */
const MAX_MB = 300;

const directory = mkdtempSync(join(tmpdir(), "registry-unavailable-"));
const test = suite("an unavailable registry");
let stack: Stack;
let mockSegment: MockSegment;
let service: ReturnType<typeof start> | undefined;

test.before(async () => {
  stack = await startStack({ kafka: true, registry: true });
  mockSegment = await MockSegment.start();
  const admin = kafka().admin();
  await admin.connect();
  await admin.createTopics({
    topics: [AVRO, PLAIN].map((topic) => ({ topic, numPartitions: PARTITIONS })),
  });
  await admin.disconnect();
});

test.after(async () => {
  service?.child.kill("SIGKILL");
  await mockSegment?.stop();
  await stack?.stop();
  rmSync(directory, { recursive: true });
});

test("should delay only the records that need it", async () => {
  const cached = await register([{ name: "about", type: "string" }]);
  const uncached = await register([
    { name: "about", type: "string" },
    { name: "plan", type: ["null", "string"], default: null },
  ]);
  const config = join(directory, "config.json");
  writeFileSync(config, JSON.stringify(settings()));
  service = start(["run", "--config", config]);
  const member = await memberOf(stack.kafka, "unavailable");
  await produce(AVRO, ids(0, 100), (id) => avro(cached, id, []));
  await arrived("avro", 100);

  await stack.registry.stop();
  await produce(AVRO, ids(100, AVRO_RECORDS), (id) => avro(uncached, id, [0]));
  // Records with a cached schema follow: they do not overtake the others.
  await produce(AVRO, ids(AVRO_RECORDS, AVRO_RECORDS + 100), (id) => avro(cached, id, []));
  await produce(PLAIN, ids(0, PLAIN_RECORDS), (id) => JSON.stringify({ id, about: "plain" }));
  await arrived("plain", PLAIN_RECORDS);
  await sleep(3 * SESSION_TIMEOUT_MS);
  await produce(PLAIN, ids(PLAIN_RECORDS, PLAIN_RECORDS + 100), (id) =>
    JSON.stringify({ id, about: "plain" }),
  );
  await arrived("plain", PLAIN_RECORDS + 100);
  assert.is(users("avro").length, 100, "the others wait");
  assert.is(service.child.exitCode, null);
  assert.is(await memberOf(stack.kafka, "unavailable"), member, "the same member throughout");

  assert.ok(peak_MB(service.child.pid) < MAX_MB, `${peak_MB(service.child.pid)} MB`);

  await stack.registry.start();
  await arrived("avro", AVRO_RECORDS + 100);
  assert.is(await memberOf(stack.kafka, "unavailable"), member, "and after it");
  assert.is(generations(stack.kafka, "unavailable"), 1, "no rebalance");
  service.child.kill("SIGTERM");
  const { code, stderr } = await service.ended;
  assert.is(code, 0, stderr);
  assert.match(stderr, /schema registry unavailable; retrying/);
  assertInOrder("avro", AVRO_RECORDS + 100);
  assertInOrder("plain", PLAIN_RECORDS + 100);
});

/** Each message once, in the order of its partition. */
function assertInOrder(model: string, count: number): void {
  for (let partition = 0; partition < PARTITIONS; partition += 1) {
    const isHere = (id: number) => id % PARTITIONS === partition;
    assert.equal(users(model).filter(isHere), ids(0, count).filter(isHere));
  }
}

function settings(): object {
  const { brokers } = stack.kafka;
  const schemaRegistry = { url: stack.registry.url };
  return {
    name: "unavailable",
    kafka: { brokers, schemaRegistry, sessionTimeout: `${SESSION_TIMEOUT_MS}ms` },
    state: { directory: join(directory, "state") },
    segment: { writeKey: "none", url: mockSegment.url },
    limits: { queueBytes: `${QUEUE_BYTES}B` },
    log: { format: "json", level: "warn" },
    status: { port: 0 },
    models: { avro: { topic: AVRO }, plain: { topic: PLAIN } },
    syncs: { avro: identify("avro"), plain: identify("plain") },
  };
}

function identify(model: string): object {
  return { model, type: "identify", userId: "id", traits: { model: { value: model } } };
}

/** @returns the id of the schema. Each has a text of its own, so that the registry gives it an id of its own. */
async function register(fields: readonly object[]): Promise<number> {
  const schema = JSON.stringify({
    type: "record",
    name: "Value",
    fields: [{ name: "id", type: "long" }, ...fields],
  });
  const subject = `unavailable-${fields.length}`;
  const response = got.post(`${stack.registry.url}/subjects/${subject}/versions`, {
    json: { schema },
  });
  return (await response.json<{ id: number }>()).id;
}

function avro(schema: number, id: number, rest: readonly number[]): Buffer {
  const about = Buffer.from(`${id} `.repeat(200));
  return wire(schema, [...zigzag(id), ...zigzag(about.length), ...about, ...rest]);
}

async function produce(
  topic: string,
  numbers: readonly number[],
  payloadOf: (id: number) => Buffer | string,
): Promise<void> {
  const createPartitioner = Partitioners.DefaultPartitioner;
  const producer = kafka().producer({ createPartitioner });
  await producer.connect();
  for (let from = 0; from < numbers.length; from += 1_000) {
    const messages = numbers.slice(from, from + 1_000).map((id) => ({
      partition: id % PARTITIONS,
      key: JSON.stringify({ id }),
      value: payloadOf(id),
    }));
    await producer.send({ topic, acks: -1, messages });
  }
  await producer.disconnect();
}

function ids(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

/** The users of the model's messages. */
function users(model: string): number[] {
  const of = mockSegment.accepted.filter(({ traits }) => traits?.model === model);
  return of.map(({ userId }) => Number(userId));
}

async function arrived(model: string, count: number): Promise<void> {
  const deadline = Date.now() + 90_000;
  while (users(model).length < count && Date.now() < deadline) await sleep(200);
  assert.is(users(model).length, count, `${model} within 90 s`);
}

function kafka(): Kafka {
  return new Kafka({ brokers: stack.kafka.brokers, logLevel: logLevel.NOTHING });
}

test.run();
