import { Kafka, logLevel } from "kafkajs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { KafkaChangelog } from "../../src/kafka/changelog/kafka-changelog.ts";
import { systemClock } from "../../src/lib/clock.ts";
import type { CdcError } from "../../src/lib/errors.ts";
import { noopLogger } from "../../src/lib/logger.ts";
import type { OwnedChangelog } from "../../src/state/changelog.ts";
import { type Stack, startStack } from "../stack/stack.ts";

/** Changelogs on a real Kafka: transactions, fencing, restores, and unfit topics. */

const test = suite("changelog on Kafka");
let stack: Stack;
let kafka: Kafka;
const open: KafkaChangelog[] = [];

test.before(async () => {
  stack = await startStack({ kafka: true });
  kafka = new Kafka({ brokers: stack.kafka.brokers, logLevel: logLevel.NOTHING });
});

test.after(async () => {
  await Promise.all(open.map((changelog) => changelog.close()));
  await stack?.stop();
});

/** A process of the pipeline. */
function process(name = "shop"): KafkaChangelog {
  const connection = { brokers: stack.kafka.brokers, clientId: name, tls: false } as const;
  const changelog = new KafkaChangelog({
    kafka: connection,
    name,
    groupId: name,
    clock: systemClock,
    logger: noopLogger,
  });
  open.push(changelog);
  return changelog;
}

async function createTopic(topic: string, numPartitions: number, config = {}): Promise<void> {
  const configEntries = Object.entries(config).map(([name, value]) => ({
    name,
    value: `${value}`,
  }));
  await admin((ask) => ask.createTopics({ topics: [{ topic, numPartitions, configEntries }] }));
}

async function admin<T>(work: (ask: ReturnType<Kafka["admin"]>) => Promise<T>): Promise<T> {
  const ask = kafka.admin();
  await ask.connect();
  try {
    return await work(ask);
  } finally {
    await ask.disconnect();
  }
}

const entry = (key: string, value: string | null) => ({
  key: Buffer.from(key),
  value: value === null ? null : Buffer.from(value),
});

/** The entries that a restore from `from` reads, as key=value. */
async function contents(owned: OwnedChangelog, from = 0) {
  const entries: string[] = [];
  let isAdded = false;
  for await (const chunk of owned.read(from)) {
    isAdded ||= chunk.isAdded;
    for (const { key, value } of chunk.entries) entries.push(`${key}=${value}`);
  }
  return { entries, isAdded };
}

test("should give the next owner the entries of former owners, without its own", async () => {
  await createTopic("a", 3);
  const tp = { topic: "a", partition: 1 };
  const first = await process().own(tp);
  assert.equal(await contents(first), { entries: [], isAdded: false });
  await first.append([entry("r1", "x"), entry("r2", "y")]);
  const next = await first.append([entry("r1", null), entry("p", "z")]);
  await first.release();
  const second = await process().own(tp);
  assert.equal((await contents(second)).entries, ["r1=x", "r2=y", "r1=null", "p=z"]);
  assert.equal((await contents(second, next)).entries, []);
  await second.append([entry("p", "zz")]);
  const third = await process().own(tp);
  assert.equal((await contents(third, next)).entries, ["p=zz"]);
});

test("should fence the former owner and make its last write visible completely or not at all", async () => {
  await createTopic("b", 1);
  const tp = { topic: "b", partition: 0 };
  const zombie = await process().own(tp);
  await zombie.append([entry("r1", "old")]);
  const owner = await process().own(tp);
  await zombie.append([entry("r1", "zombie"), entry("p", "zombie")]).then(
    () => assert.unreachable(),
    (error: CdcError) => assert.is(error.code, "FENCED"),
  );
  await owner.append([entry("r1", "new")]);
  const next = await process().own(tp);
  assert.equal((await contents(next)).entries, ["r1=old", "r1=new"]);
});

test("should write more than a record batch can contain in one transaction", async () => {
  await createTopic("c", 1);
  const tp = { topic: "c", partition: 0 };
  const owner = await process().own(tp);
  const large = "x".repeat(1_000_000);
  await owner.append(Array.from({ length: 20 }, (_, i) => entry(`r${i}`, large)));
  const { entries } = await contents(await process().own(tp));
  assert.is(entries.length, 20);
});

test("should continue after a broker restart while it is the owner", async () => {
  await createTopic("d", 1);
  const tp = { topic: "d", partition: 0 };
  const owner = await process().own(tp);
  await owner.append([entry("r1", "1")]);
  await stack.kafka.restart();
  await owner.append([entry("r1", "2")]);
  const { entries } = await contents(await process().own(tp));
  assert.equal([...new Set(entries)], ["r1=1", "r1=2"]);
});

test("should add partitions with the source topic, and mark those that were added", async () => {
  await createTopic("e", 1);
  const changelog = process();
  await changelog.own({ topic: "e", partition: 0 });
  await admin((ask) => ask.createPartitions({ topicPartitions: [{ topic: "e", count: 3 }] }));
  const [second, third] = await Promise.all(
    [1, 2].map((partition) => changelog.own({ topic: "e", partition })),
  );
  assert.ok((await contents(second as OwnedChangelog)).isAdded);
  await third?.append([entry("r1", "x")]);
  const elsewhere = await process().own({ topic: "e", partition: 2 });
  assert.equal(await contents(elsewhere), { entries: ["r1=x"], isAdded: true });
  assert.not.ok((await contents(await process().own({ topic: "e", partition: 0 }))).isAdded);
});

test("should create a compacted topic, and reject one that would lose rows", async () => {
  await createTopic("f", 2);
  await process("fine").own({ topic: "f", partition: 0 });
  const described = await admin((ask) =>
    ask.describeConfigs({
      resources: [{ type: 2, name: "fine.f.changelog", configNames: ["cleanup.policy"] }],
      includeSynonyms: false,
    }),
  );
  assert.is(described.resources[0]?.configEntries[0]?.configValue, "compact");
  await createTopic("lossy.f.changelog", 2, { "cleanup.policy": "compact,delete" });
  await process("lossy")
    .own({ topic: "f", partition: 0 })
    .then(
      () => assert.unreachable(),
      (error: CdcError) => {
        assert.is(error.code, "CHANGELOG_UNFIT");
        assert.match(error.message, /set it to compact/);
      },
    );
});

test.run();
