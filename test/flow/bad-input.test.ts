import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { SourceEvent } from "../../src/data/event.ts";
import type { SourceRecord } from "../../src/data/record.ts";
import { Decoder } from "../../src/decode/decoder.ts";
import { CdcError } from "../../src/lib/errors.ts";
import { recordOf, TOPIC } from "../support/debezium.ts";
import { FakeRegistry } from "../support/fake-registry.ts";
import { holds } from "../support/fuzz.ts";
import { type Mutation, mutated, mutations } from "../support/mutations.ts";
import { recordedSchemas, recordedTopics } from "../support/recordings.ts";
import { type Change, insert } from "../support/table.ts";
import { TaskDriver } from "../support/task-driver.ts";

const s = suite("flow: the task continues after any input and accounts for each record once");

/** Not a measure of speed: only a hang takes longer than this. */
const TIMEOUT_MS = 60_000;
const EVENTS = "events: {added: Added, changed: Changed, removed: Removed}, initialResults: send";
const SETUP = {
  model: `{topic: ${TOPIC}, onTruncate: ignore, columns: {balance: {type: decimal, scale: 2}}}`,
  syncs: `{
    lifecycle: {model: users, type: track, userId: id, properties: "*", timestamp: updated_at, ${EVENTS}},
    traits: {model: users, type: identify, userId: id, anonymousId: email, missingUser: ignore,
      traits: {email: email, n: {cel: "row.id"}, whole: {cel: "size(row)"}}}}`,
  more: "deadLetters: {maxConsecutive: 1000}",
};
const FORMAT = {
  topic: TOPIC,
  key: null,
  columns: new Map([["balance", { type: "decimal", scale: 2 }]] as const),
  unavailableValue: "__debezium_unavailable_value",
  expressionColumns: [],
};

const registry = await FakeRegistry.open(recordedSchemas());
s.after(() => registry.close());
const client = registry.client();

/** Uses a new decoder: the kind of a record must not depend on earlier records. */
function kindOf(change: Change): SourceEvent["kind"] | "rejected" {
  try {
    return new Decoder(FORMAT, client).decode(recordOf(change)).kind;
  } catch (error) {
    assert.instance(error, CdcError);
    return "rejected";
  }
}

const sentinel = (i: number) => insert({ id: `sentinel ${i}` }, 10 + i);

/** Pipes the changes with a valid one after each, then compares dead letters and counters with their kinds. */
async function assertAllCounted(changes: readonly Change[]): Promise<void> {
  await client.prepare(changes.map(recordOf));
  const kinds = changes.map(kindOf);
  const started = performance.now();
  const driver = await new TaskDriver({ ...SETUP, registry: client }).start();
  const { counters, failures } = driver;
  await driver.pipe(changes.flatMap((change, i) => [change, sentinel(i)]));
  await driver.stop();
  assert.ok(performance.now() - started < TIMEOUT_MS, "it took too long");
  assert.equal(failures, []);

  const rejected = kinds.flatMap((kind, i) => (kind === "rejected" ? [2 * i] : []));
  const deadLetters = driver.deadLetters.filter(({ by }) => by === undefined);
  assert.equal(
    deadLetters.map(({ record }) => record.offset),
    rejected,
    "one dead letter per rejected record",
  );
  for (const { record, error } of driver.deadLetters) {
    assert.equal([record.topic, record.partition], [TOPIC, 0]);
    assert.is(error.consequence, "dead-letter");
    assert.ok(error.message.length > 0 && error.message.length < 2_100);
  }
  const bySync = driver.deadLetters.map(({ record, by }) => `${record.offset} ${by}`);
  assert.is(new Set(bySync).size, bySync.length, "one dead letter per sync");

  const count = (kind: string) => kinds.filter((one) => one === kind).length;
  assert.is(driver.source.committed.get(`${TOPIC}/0`), 2 * changes.length);
  assert.is(counters.get("records") + counters.get("truncates"), 2 * changes.length);
  assert.is(counters.get("truncates"), count("truncate"));
  assert.is(counters.get("non_rows"), count("non-row"));
  const tracked = driver.segment.taken.filter(({ type }) => type === "track");
  assert.equal(
    tracked.map(({ userId }) => userId).filter((id) => id?.startsWith("sentinel")),
    changes.map((_, i) => `sentinel ${i}`),
  );
}

const bytes = fc
  .option(fc.uint8Array({ maxLength: 40 }))
  .map((array) => array && Buffer.from(array));

s("should continue after random bytes", () =>
  holds(
    100,
    fc.asyncProperty(
      fc.array(fc.record({ key: bytes, value: bytes }), { minLength: 1, maxLength: 20 }),
      assertAllCounted,
    ),
  ),
);

s("should continue after random JSON", () =>
  holds(
    100,
    fc.asyncProperty(
      fc.array(fc.record({ key: fc.json(), value: fc.json() }), { minLength: 1, maxLength: 20 }),
      assertAllCounted,
    ),
  ),
);

type Broken = {
  readonly topic: number;
  readonly index: number;
  readonly key: readonly Mutation[];
  readonly value: readonly Mutation[];
};
const broken: fc.Arbitrary<Broken> = fc.record({
  topic: fc.nat(),
  index: fc.nat(),
  key: fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: mutations }),
  value: mutations,
});

for (const name of ["pg-json-schemaless", "pg-json-schema", "pg-flattened", "pg-avro", "mongodb"]) {
  const topics = recordedTopics(name);
  const change = ({ topic, index, key, value }: Broken): Change => {
    const records = topics[topic % topics.length] as readonly SourceRecord[];
    const { headers, timestamp, ...record } = records[index % records.length] as SourceRecord;
    return {
      headers,
      timestamp,
      key: mutated(record.key, key),
      value: mutated(record.value, value),
    };
  };
  s(`should continue after broken records of ${name}`, () =>
    holds(
      60,
      fc.asyncProperty(fc.array(broken, { minLength: 1, maxLength: 20 }), (all) =>
        assertAllCounted(all.map(change)),
      ),
    ),
  );
}

s.run();
