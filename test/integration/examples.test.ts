import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import got from "got";
import { type Admin, AssignerProtocol, Kafka, logLevel } from "kafkajs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { MockSegment } from "../../src/cli/demo/mock-segment.ts";
import { type Stack, startStack } from "../stack/stack.ts";
import { start } from "../support/command-line.ts";
import { assertPreview, directoryOf, fileOf, WRITE_KEY } from "../support/example.ts";

/** The examples that need a schema registry or Kafka; the others are in test/flow/examples.test.ts. */

const AVRO = "04-avro-with-registry";
const SEVERAL = "05-several-processes";
const TOPIC = "saas.public.subscriptions";
const PARTITIONS = 4;

const test = suite("examples with services");
const directory = mkdtempSync(join(tmpdir(), "examples-"));
let stack: Stack;
let segment: MockSegment;

test.before(async () => {
  stack = await startStack({ kafka: true, registry: true });
  segment = await MockSegment.start();
});

test.after(async () => {
  await segment?.stop();
  await stack?.stop();
  rmSync(directory, { recursive: true });
});

test(`${AVRO} should print the expected messages`, async () => {
  const { url } = stack.registry;
  const registered = /--data @(\S+) "\$SCHEMA_REGISTRY_URL(\S+)"/g;
  for (const [, file = "", path = ""] of fileOf(AVRO, "README.md").matchAll(registered))
    await got.post(url + path, {
      body: fileOf(AVRO, file),
      headers: { "content-type": "application/json" },
    });
  await assertPreview(AVRO, { SCHEMA_REGISTRY_URL: url });
});

test(`${SEVERAL} should share the partitions and send each expected message once`, async () => {
  const kafka = new Kafka({ brokers: stack.kafka.brokers, logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic: TOPIC, numPartitions: PARTITIONS }] });
  const processes = ["state-1", "state-2"].map(startProcess);
  await until("each process owns half of the partitions", async () => {
    const owned = await ownedPartitions(admin);
    return owned.length === 2 && owned.every((count) => count === PARTITIONS / 2);
  });
  await produceRecords(kafka);
  await admin.disconnect();
  const expected = messagesIn(fileOf(SEVERAL, "expected.ndjson"));
  await until("every message arrives", async () => segment.accepted.length >= expected.length);
  for (const { child } of processes) child.kill("SIGTERM");
  for (const { ended } of processes) {
    const { code, stderr } = await ended;
    assert.is(code, 0, stderr);
  }
  // Both have stopped, so nothing more can arrive.
  assert.equal(byId(segment.received), byId(expected));
});

function startProcess(state: string) {
  const env = {
    KAFKA_BROKERS: stack.kafka.brokers[0],
    SEGMENT_URL: segment.url,
    SEGMENT_WRITE_KEY: WRITE_KEY,
    STATE_DIRECTORY: join(directory, state),
  };
  return start(["run", "--config", "config.yaml"], env, directoryOf(SEVERAL));
}

/** How many partitions of the topic each member of the group owns. */
async function ownedPartitions(admin: Admin): Promise<readonly number[]> {
  const { groups } = await admin.describeGroups(["example-several"]);
  const [group] = groups;
  if (group?.state !== "Stable") return [];
  return group.members.map(
    ({ memberAssignment }) =>
      AssignerProtocol.MemberAssignment.decode(memberAssignment)?.assignment[TOPIC]?.length ?? 0,
  );
}

async function produceRecords(kafka: Kafka): Promise<void> {
  const producer = kafka.producer();
  await producer.connect();
  const messages = messagesIn(fileOf(SEVERAL, "subscriptions.ndjson")).map(
    ({ partition, key, payload }) => ({ partition, key, value: payload ?? null }),
  );
  await producer.send({ topic: TOPIC, acks: -1, messages });
  await producer.disconnect();
}

async function until(what: string, isTrue: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await isTrue())) {
    if (Date.now() > deadline) throw new Error(`not within 60 s: ${what}`);
    await sleep(50);
  }
}

// biome-ignore lint/suspicious/noExplicitAny: lines of NDJSON of any form
function messagesIn(lines: string): any[] {
  return lines
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

function byId<Message extends { readonly messageId?: string }>(messages: readonly Message[]) {
  return messages.toSorted((a, b) => ((a.messageId ?? "") < (b.messageId ?? "") ? -1 : 1));
}

test.run();
