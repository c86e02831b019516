import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Kafka, logLevel, Partitioners } from "kafkajs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { MockSegment } from "../../src/cli/demo/mock-segment.ts";
import { type Stack, startStack } from "../stack/stack.ts";
import { start } from "../support/command-line.ts";
import { TOPIC } from "../support/debezium.ts";
import { type Change, insert, remove, truncate } from "../support/table.ts";

/** Changes that span partitions, coordinated by two `run` processes through the control topic of a real Kafka. */

const PARTITIONS = 4;
const ROWS = 40;
/** Odd, so that a row's new key lies in another partition, in the other process. */
const SHIFT = 101;

const directory = mkdtempSync(join(tmpdir(), "several-processes-"));
const test = suite("several processes");
let stack: Stack;
let mockSegment: MockSegment;
let kafka: Kafka;

test.before(async () => {
  stack = await startStack({ kafka: true });
  mockSegment = await MockSegment.start();
  kafka = new Kafka({ brokers: stack.kafka.brokers, logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic: TOPIC, numPartitions: PARTITIONS }] });
  await admin.disconnect();
});

test.after(async () => {
  await mockSegment?.stop();
  await stack?.stop();
  rmSync(directory, { recursive: true });
});

test("should send key changes across processes as one change, and remove all rows at a truncate", async () => {
  const services = [service("one"), service("two")];
  await shared();
  const ids = Array.from({ length: ROWS }, (_, i) => i + 1);
  await produce(ids.map((id) => [insert({ id, mail: `${id}@x` }, id), id]));
  await arrived("Added", ROWS);

  // Half of the creates come long before their deletes.
  const header = (name: string, id: number) => ({ [name]: Buffer.from(JSON.stringify({ id })) });
  const deletes = ids.map((id): [Change, number] => [
    { ...remove(id, 100 + id), headers: header("__debezium.newkey", id + SHIFT) },
    id,
  ]);
  const creates = ids.map((id): [Change, number] => {
    const row = { id: id + SHIFT, mail: `${id}@x` };
    return [{ ...insert(row, 100 + id), headers: header("__debezium.oldkey", id) }, id + SHIFT];
  });
  await produce([...creates.slice(0, ROWS / 2), ...deletes.slice(ROWS / 2)]);
  await sleep(500);
  await produce([...creates.slice(ROWS / 2), ...deletes.slice(0, ROWS / 2)]);
  await arrived("Changed", ROWS);

  await produce([[truncate(500), 2]]);
  await arrived("Removed", ROWS);
  await sleep(500); // what must not come has had its time
  for (const { child } of services) child.kill("SIGTERM");
  for (const { ended } of services) {
    const { code, stderr } = await ended;
    assert.is(code, 0, stderr);
    const changes = Number(
      /(\d+) {2}primary-key changes sent as one change/.exec(stderr)?.[1] ?? 0,
    );
    assert.ok(changes > 0, `each process took rows over:\n${stderr}`);
  }
  for (const event of ["Added", "Changed", "Removed"]) {
    const users = mockSegment.accepted.flatMap((message) =>
      message.event === event ? [message.userId] : [],
    );
    assert.equal(users.toSorted(), ids.map((id) => `${id}@x`).toSorted(), event);
  }
});

function service(name: string) {
  const config = join(directory, `${name}.json`);
  const settings = {
    name: "several",
    kafka: { brokers: stack.kafka.brokers },
    state: { directory: join(directory, name) },
    segment: { writeKey: "none", url: mockSegment.url },
    checkpoint: { interval: "200ms" },
    log: { format: "json", level: "info" },
    status: { port: 0 },
    models: { users: { topic: TOPIC, keyChange: "changed" } },
    syncs: {
      session: {
        model: "users",
        type: "track",
        userId: "mail",
        properties: ["id", "mail"],
        events: { added: "Added", changed: "Changed", removed: "Removed" },
      },
    },
  };
  writeFileSync(config, JSON.stringify(settings));
  return start(["run", "--config", config]);
}

/** Waits until the group has two members, and both have taken their partitions. */
async function shared(): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  const deadline = Date.now() + 60_000;
  for (;;) {
    const { groups } = await admin.describeGroups(["several"]);
    if (groups[0]?.state === "Stable" && groups[0].members.length === 2) break;
    if (Date.now() > deadline) throw new Error("the two processes did not share the topic");
    await sleep(100);
  }
  await admin.disconnect();
  await sleep(2_000);
}

async function produce(changes: readonly (readonly [Change, number])[]): Promise<void> {
  const createPartitioner = Partitioners.DefaultPartitioner;
  const producer = kafka.producer({ createPartitioner });
  await producer.connect();
  const messages = changes.map(([{ key, value, headers }, id]) => ({
    partition: id % PARTITIONS,
    key: key === null ? null : JSON.stringify(key),
    value: JSON.stringify(value),
    headers: { ...headers },
  }));
  await producer.send({ topic: TOPIC, acks: -1, messages });
  await producer.disconnect();
}

async function arrived(event: string, count: number): Promise<void> {
  const of = () => mockSegment.accepted.filter((message) => message.event === event).length;
  const deadline = Date.now() + 30_000;
  while (of() < count && Date.now() < deadline) await sleep(50);
  assert.is(of(), count, `${event} within 30 s`);
}

test.run();
