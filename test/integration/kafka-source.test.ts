import { access } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Admin, Kafka } from "kafkajs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { partitionName, type SourceRecord, type TopicPartition } from "../../src/data/record.ts";
import { kafkaClient } from "../../src/kafka/kafka-client.ts";
import { KafkaJournal } from "../../src/kafka/kafka-journal.ts";
import { KafkaSource } from "../../src/kafka/kafka-source.ts";
import { CdcError } from "../../src/lib/errors.ts";
import { noopLogger } from "../../src/lib/logger.ts";
import type { SourceListener } from "../../src/source/source.ts";
import { cacheDirectory } from "../stack/cache.ts";
import { download } from "../stack/download.ts";
import { run } from "../stack/run.ts";
import { type Stack, startStack } from "../stack/stack.ts";
import versions from "../stack/versions.json" with { type: "json" };

/** Leaving a group is immediate; a member that only disappears is removed after the session timeout of 30 s. */
const LEAVES_WITHIN_MS = 25_000;

/** A source and its listener, which records everything. */
class Member implements SourceListener {
  readonly source: KafkaSource;
  readonly announcements: TopicPartition[][] = [];
  readonly seen = new Map<string, SourceRecord[]>();
  readonly failures: CdcError[] = [];
  readonly warnings: string[] = [];
  onRecords: (records: readonly SourceRecord[]) => void = () => {};

  constructor(...topics: [string, ...string[]]) {
    const kafka = { brokers: stack.kafka.brokers, clientId: "test" };
    const warn = (_: object, text: string) => this.warnings.push(text);
    const log = { ...noopLogger, warn };
    this.source = new KafkaSource({ kafka, groupId: topics[0], topics, log });
    members.push(this);
  }

  assigned(partitions: readonly TopicPartition[]): void {
    this.announcements.push([...partitions]);
  }

  records(records: readonly SourceRecord[]): void {
    for (const record of records) {
      const name = partitionName(record);
      const seen = this.seen.get(name) ?? [];
      seen.push(record);
      this.seen.set(name, seen);
    }
    this.onRecords(records);
  }

  async processed(): Promise<void> {}
  ended(): void {}
  failed(error: CdcError): void {
    this.failures.push(error);
  }

  get owned(): TopicPartition[] {
    return this.announcements.at(-1) ?? [];
  }

  offsets(tp: TopicPartition): number[] {
    return (this.seen.get(partitionName(tp)) ?? []).map(({ offset }) => offset);
  }

  resumeFrom(tp: TopicPartition, offset: number): void {
    this.source.seek(tp, offset);
    this.source.resume(tp);
  }
}

let stack: Stack;
let kafka: Kafka;
let admin: Admin;
const members: Member[] = [];
let topics = 0;

async function newTopic(partitions = 1, settings: Record<string, string> = {}): Promise<string> {
  const topic = `app.public.t${++topics}`;
  const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }));
  await admin.createTopics({ topics: [{ topic, numPartitions: partitions, configEntries }] });
  return topic;
}

async function produce(
  topic: string,
  partition: number,
  from: number,
  count: number,
): Promise<void> {
  const producer = kafka.producer();
  await producer.connect();
  const messages = range(from, count).map((n) => ({ partition, key: `${n}`, value: `value ${n}` }));
  await producer.send({ topic, messages });
  await producer.disconnect();
}

const range = (from: number, count: number) => Array.from({ length: count }, (_, n) => from + n);
const partitions = (topic: string, count: number) =>
  range(0, count).map((partition) => ({ topic, partition }));
const names = (list: readonly TopicPartition[]) => list.map(partitionName).sort();

async function until(what: string, is: () => boolean, ms = 15_000): Promise<void> {
  for (const end = Date.now() + ms; !is(); await sleep(20))
    if (Date.now() > end) throw new Error(`after ${ms} ms still not: ${what}`);
}

async function rejection(work: Promise<unknown>): Promise<CdcError> {
  const error = await Promise.race([
    work.then(
      () => "it resolved",
      (error) => error,
    ),
    sleep(15_000, "it never settled", { ref: false }),
  ]);
  assert.instance(error, CdcError);
  return error;
}

const s = suite("Kafka source");

s.before(async () => {
  stack = await startStack({ kafka: true });
  kafka = kafkaClient({ brokers: stack.kafka.brokers, clientId: "test-setup" }, noopLogger);
  admin = kafka.admin();
  await admin.connect();
});

s.after.each(async () => {
  await Promise.all(members.splice(0).map(({ source }) => source.stop()));
});

s.after(async () => {
  await admin.disconnect();
  await stack.stop();
});

/** The class path of the stack with Kafka's command line tools, downloaded once per machine. */
async function toolsPath(): Promise<string> {
  const cache = await cacheDirectory();
  const jar = join(cache, `kafka-tools-${versions.kafka}.jar`);
  const artifact = `-Dartifact=org.apache.kafka:kafka-tools:${versions.kafka}`;
  const fetch = [
    "--batch-mode",
    "--quiet",
    "dependency:copy",
    artifact,
    `-DoutputDirectory=${cache}`,
  ];
  await access(jar).catch(() => run("mvn", fetch));
  return [jar, join((await download()).kafka, "*")].join(":");
}

for (const codec of ["none", "gzip", "snappy", "lz4", "zstd"])
  s(`reads records of the Java producer, compressed with ${codec}`, async () => {
    const topic = await newTopic();
    const tp = { topic, partition: 0 };
    // Batches of up to 400 KB: several blocks of snappy and lz4 each, compressible but not trivially.
    const lines = range(0, 4_000).map((n) =>
      JSON.stringify({ n, hash: `${Math.sin(n)}`.repeat(5) }),
    );
    await run(
      "java",
      [
        ...["-Xmx256m", "-XX:TieredStopAtLevel=1", "-cp", await toolsPath()],
        ...["org.apache.kafka.tools.ConsoleProducer", "--topic", topic],
        ...["--bootstrap-server", stack.kafka.brokers.join(), "--compression-codec", codec],
        ...["--max-partition-memory-bytes", "400000", "--timeout", "200"],
      ],
      { input: `${lines.join("\n")}\n` },
    );
    const member = new Member(topic);
    await member.source.start(member);
    member.resumeFrom(tp, 0);
    await until("all read", () => member.offsets(tp).length >= lines.length);
    const values = member.seen.get(partitionName(tp))?.map(({ value }) => `${value}`);
    assert.equal(values, lines);
  });

s("delivers all fields of a record", async () => {
  const topic = await newTopic();
  const tp = { topic, partition: 0 };
  const headers = { one: "1", twice: [Buffer.from("a"), Buffer.from("b")] };
  const producer = kafka.producer();
  await producer.connect();
  const timestamp = "1700000000123";
  await producer.send({ topic, messages: [{ key: null, value: null, headers, timestamp }] });
  await producer.send({ topic, messages: [{ key: "k", value: Buffer.from([0, 255]) }] });
  await producer.disconnect();
  const member = new Member(topic);
  await member.source.start(member);
  member.resumeFrom(tp, 0);
  await until("both read", () => member.offsets(tp).length === 2);
  const [first, second] = member.seen.get(partitionName(tp)) ?? [];
  const one = Buffer.from("1");
  const twice = Buffer.from("b");
  const head = { topic, partition: 0, offset: 0, timestamp: 1700000000123 };
  assert.equal(first, { ...head, key: null, value: null, headers: { one, twice } });
  assert.equal(second?.key, Buffer.from("k"));
  assert.equal(second?.value, Buffer.from([0, 255]));
});

s("waits for its listener, and delivers nothing while paused", async () => {
  const topic = await newTopic();
  const tp = { topic, partition: 0 };
  const member = new Member(topic);
  await produce(topic, 0, 0, 500);
  await member.source.start(member);
  assert.equal(member.announcements, [[tp]]);
  await sleep(500);
  assert.equal(member.offsets(tp), [], "delivered before it was resumed");
  assert.equal(await member.source.range(tp), { start: 0, end: 500, committed: null });

  // Pausing and resuming every few records, as a full queue does, must neither lose nor repeat any.
  member.onRecords = () => {
    member.source.pause(tp);
    setTimeout(() => member.source.resume(tp), 5);
  };
  member.resumeFrom(tp, 0);
  for (let n = 500; n < 2_500; n += 100) await produce(topic, 0, n, 100);
  await until("all read", () => member.offsets(tp).length >= 2_500);
  assert.equal(member.offsets(tp), range(0, 2_500));

  member.onRecords = () => {};
  await sleep(50);
  member.source.pause(tp);
  await sleep(300);
  await produce(topic, 0, 2_500, 100);
  await sleep(500);
  assert.is(member.offsets(tp).length, 2_500, "delivered while paused");
  member.source.resume(tp);
  await until("the rest read", () => member.offsets(tp).length >= 2_600);
  assert.equal(member.offsets(tp), range(0, 2_600));
});

s("delivers from exactly the offset it seeks", async () => {
  const topic = await newTopic();
  const tp = { topic, partition: 0 };
  for (let n = 0; n < 3_000; n += 100) await produce(topic, 0, n, 100);
  const member = new Member(topic);
  const offsets = [1_234, 7, 2_999, 0, 150];
  const firsts: (number | undefined)[] = [];
  member.onRecords = (records) => {
    firsts.push(records[0]?.offset);
    const next = offsets[firsts.length];
    if (next === undefined) member.source.pause(tp);
    else member.source.seek(tp, next);
  };
  await member.source.start(member);
  member.resumeFrom(tp, offsets[0] ?? 0);
  await until("all offsets read", () => firsts.length >= offsets.length);
  assert.equal(firsts, offsets);
});

s("moves partitions to a second member, and back when it stops", async () => {
  const topic = await newTopic(4);
  const all = partitions(topic, 4);
  for (const { partition } of all) await produce(topic, partition, 0, 1_000);
  const one = new Member(topic);
  await one.source.start(one);
  assert.equal(names(one.owned), names(all));
  for (const tp of all) one.resumeFrom(tp, 0);
  await until("all read", () => all.every((tp) => one.offsets(tp).length >= 1_000));
  // The committed offset is low on purpose: a partition that stays assigned must not go back to it.
  for (const tp of all) await one.source.commit(tp, 5);
  for (const tp of all) one.source.pause(tp);

  const two = new Member(topic);
  await two.source.start(two);
  await until("both are assigned", () => one.owned.length === 2 && two.owned.length === 2);
  assert.equal(names([...one.owned, ...two.owned]), names(all));
  for (const { partition } of all) await produce(topic, partition, 1_000, 500);
  const unmoved = one.owned;
  const moved = two.owned;
  for (const tp of moved) two.resumeFrom(tp, 1_000);
  await until("the moved partitions are read", () =>
    moved.every((tp) => two.offsets(tp).length >= 500),
  );
  await sleep(300);
  for (const tp of unmoved) assert.is(one.offsets(tp).length, 1_000, "delivered although paused");
  for (const tp of unmoved) one.source.resume(tp);
  await until("unmoved ones read", () => unmoved.every((tp) => one.offsets(tp).length >= 1_500));
  for (const tp of unmoved) assert.equal(one.offsets(tp), range(0, 1_500));
  for (const tp of moved) assert.equal(one.offsets(tp), range(0, 1_000));
  for (const tp of moved) assert.equal(two.offsets(tp), range(1_000, 500));

  const startedTime = Date.now();
  await two.source.stop();
  await until("all assigned to the first again", () => one.owned.length === 4, LEAVES_WITHIN_MS);
  assert.ok(
    Date.now() - startedTime < LEAVES_WITHIN_MS,
    `the rebalance took ${Date.now() - startedTime} ms`,
  );
  for (const { partition } of all) await produce(topic, partition, 1_500, 100);
  await until("unmoved ones continued", () =>
    unmoved.every((tp) => one.offsets(tp).length >= 1_600),
  );
  for (const tp of moved) assert.is(one.offsets(tp).length, 1_000, "a new partition did not wait");
  for (const tp of moved) one.resumeFrom(tp, 1_500);
  await until("the others too", () => moved.every((tp) => one.offsets(tp).length >= 1_100));
  for (const tp of moved) assert.equal(one.offsets(tp), [...range(0, 1_000), ...range(1_500, 100)]);
});

s("commits offsets, and ignores a commit that the group does not accept", async () => {
  const topic = await newTopic(2);
  const member = new Member(topic);
  await member.source.start(member);
  await member.source.commit({ topic, partition: 1 }, 42);
  await member.source.commit({ topic, partition: 7 }, 42);
  const [committed] = await admin.fetchOffsets({ groupId: topic, topics: [topic] });
  const offsets = committed?.partitions.map(({ partition, offset }) => [partition, Number(offset)]);
  assert.equal(offsets?.sort(), [
    [0, -1],
    [1, 42],
  ]);
  await member.source.stop();
  await member.source.commit({ topic, partition: 1 }, 43);
});

s("continues after a broker was unavailable for longer than kafkajs retries", async () => {
  const topic = await newTopic();
  const tp = { topic, partition: 0 };
  await produce(topic, 0, 0, 100);
  const member = new Member(topic);
  await member.source.start(member);
  member.resumeFrom(tp, 0);
  await until("all read", () => member.offsets(tp).length >= 100);
  await stack.kafka.kill();
  const pendingRange = member.source.range(tp);
  await until(
    "kafkajs gave up",
    () => member.warnings.some((text) => /consumer failed; rejoining/.test(text)),
    60_000,
  );
  await stack.kafka.start();
  await produce(topic, 0, 100, 100);
  await until("the rest read", () => member.offsets(tp).length >= 200, 60_000);
  assert.equal(member.offsets(tp), range(0, 200));
  assert.equal((await pendingRange).start, 0);
  assert.equal(member.failures, []);
});

s("does not continue in a truncated log by itself", async () => {
  const topic = await newTopic();
  const tp = { topic, partition: 0 };
  await produce(topic, 0, 0, 100);
  const member = new Member(topic);
  await member.source.start(member);
  member.resumeFrom(tp, 0);
  await until("all read", () => member.offsets(tp).length >= 100);
  member.source.pause(tp);
  await produce(topic, 0, 100, 100);
  // kafkajs' admin finds the leader of a topic only after a query about it.
  await admin.fetchTopicOffsets(topic);
  await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: "150" }] });
  member.source.resume(tp);
  await until("announced again", () => member.announcements.length >= 3);
  assert.equal(member.announcements, [[tp], [], [tp]]);
  await sleep(300);
  assert.is(member.offsets(tp).length, 100, "delivered records after the gap without a seek");
  member.resumeFrom(tp, 150);
  await until("the rest read", () => member.offsets(tp).length >= 150);
  assert.equal(member.offsets(tp), [...range(0, 100), ...range(150, 50)]);
});

s("skips aborted transactions without reporting a gap", async () => {
  const topic = await newTopic();
  const tp = { topic, partition: 0 };
  const member = new Member(topic);
  await member.source.start(member);
  member.resumeFrom(tp, 0);
  const producer = kafka.producer({ transactionalId: topic, maxInFlightRequests: 1 });
  await producer.connect();
  for (const end of ["commit", "abort", "abort", "commit"] as const) {
    const transaction = await producer.transaction();
    await transaction.send({ topic, messages: [{ value: end }, { value: end }] });
    await transaction[end]();
    await sleep(300);
  }
  await producer.disconnect();
  await until("committed ones read", () => member.offsets(tp).length >= 4);
  assert.equal(member.offsets(tp), [0, 1, 9, 10]);
  assert.is(member.announcements.length, 1);
});

s("names a topic that does not exist, and does not create it", async () => {
  const topic = await newTopic();
  const member = new Member(topic, "crm.public.orders");
  const error = await rejection(member.source.start(member));
  assert.is(error.code, "TOPIC_MISSING");
  assert.match(error.message, "crm.public.orders");
  assert.not.match(error.message, topic);
  assert.not.ok((await admin.listTopics()).includes("crm.public.orders"));
});

s("stops during a start", async () => {
  const topic = await newTopic();
  for (const ms of [0, 5, 20, 60, 150]) {
    const member = new Member(topic);
    const started = member.source.start(member).then(
      () => "started",
      (error: CdcError) => error.code,
    );
    await sleep(ms);
    const startedTime = Date.now();
    await Promise.all([member.source.stop(), member.source.stop()]);
    assert.ok(
      Date.now() - startedTime < LEAVES_WITHIN_MS,
      `stopping took ${Date.now() - startedTime} ms`,
    );
    assert.ok(["started", "SOURCE_CLOSED"].includes(await started));
  }
  // No member has stayed in the group: its partitions would be missing here.
  const last = new Member(topic);
  await last.source.start(last);
  await sleep(1_500);
  assert.equal(last.owned, [{ topic, partition: 0 }]);
});

s("keeps dead letters when the broker is killed", async () => {
  const topic = `dead-letters.${++topics}`;
  const settings = { kafka: { brokers: stack.kafka.brokers, clientId: "test" }, log: noopLogger };
  const log = await KafkaJournal.open({ ...settings, topic, retentionMs: 2_592_000_000 });
  const entries = range(0, 300).map((n) => ({
    key: n % 2 ? Buffer.from(`${n}`) : null,
    // Together far more than one record batch can contain.
    value: n % 3 ? Buffer.alloc(100_000, n) : null,
    headers: { reason: "INVALID_JSON", position: Buffer.from([n % 256]) },
  }));
  await Promise.all([log.append(entries.slice(0, 200)), log.append(entries.slice(200))]);
  const [config] = (
    await admin.describeConfigs({
      resources: [{ type: 2, name: topic, configNames: ["retention.ms"] }],
      includeSynonyms: false,
    })
  ).resources;
  assert.is(config?.configEntries[0]?.configValue, "2592000000");
  await stack.kafka.kill();
  const during = log.append(entries.slice(0, 1));
  await stack.kafka.start();
  await during;
  await log.close();

  const again = await KafkaJournal.open({ ...settings, topic, retentionMs: 1 });
  const tooLarge = { key: null, value: Buffer.alloc(9_000_000), headers: {} };
  assert.match((await rejection(again.append([tooLarge]))).message, "max.message.bytes");
  await again.close();

  const member = new Member(topic);
  const tp = { topic, partition: 0 };
  await member.source.start(member);
  member.resumeFrom(tp, 0);
  await until("all read", () => member.offsets(tp).length >= 301);
  const read = (member.seen.get(partitionName(tp)) ?? []).map(({ key, value, headers }) => ({
    key,
    value,
    headers,
  }));
  const [first] = entries;
  assert.ok(first);
  const reason = Buffer.from("INVALID_JSON");
  const written = [...entries, first].map((entry) => ({
    ...entry,
    headers: { ...entry.headers, reason },
  }));
  assert.equal(read, written);
});

s.run();
