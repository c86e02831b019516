import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { SourceEvent } from "../../../src/data/event.ts";
import type { SourceRecord } from "../../../src/data/record.ts";
import { Decoder } from "../../../src/decode/decoder.ts";
import { schemaIdOf } from "../../../src/decode/format/schema-registry.ts";
import { CdcError } from "../../../src/lib/errors.ts";
import { recordOf } from "../../support/debezium.ts";
import { FakeRegistry } from "../../support/fake-registry.ts";
import { holds } from "../../support/fuzz.ts";
import { mutated, mutations } from "../../support/mutations.ts";
import { recordedSchemas, recordedTopics } from "../../support/recordings.ts";

const s = suite("decode: any input gives an event or a reason");

/** Not a measure of speed: only a hang takes longer than this. */
const TOO_LONG_MS = 60_000;
const REJECTED = "rejected";
const FORMAT = {
  topic: "t",
  key: null,
  columns: new Map([["balance", { type: "decimal", scale: 2 }]] as const),
  unavailableValue: "__debezium_unavailable_value",
  expressionColumns: ["mrr"],
};

const registry = await FakeRegistry.open(recordedSchemas());
s.after(() => registry.close());
const client = registry.client();

/** The event, or that the record was rejected. Any other error, and a time-out, is a defect. */
function outcome(decoder: Decoder, record: SourceRecord): SourceEvent | typeof REJECTED {
  const started = performance.now();
  try {
    return decoder.decode(record);
  } catch (error) {
    if (!(error instanceof CdcError)) throw error;
    assert.is(error.consequence, "dead-letter");
    assert.ok(error.message.length > 0 && error.message.length < 2_100);
    return REJECTED;
  } finally {
    assert.ok(performance.now() - started < TOO_LONG_MS, "it took too long");
  }
}

const decoder = () => new Decoder(FORMAT, client);

s("should decode or reject random bytes", () =>
  holds(
    2_000,
    fc.property(fc.option(fc.uint8Array()), fc.option(fc.uint8Array()), (key, value) => {
      const bytes = (array: Uint8Array | null) => array && Buffer.from(array);
      outcome(decoder(), { ...recordOf({}), key: bytes(key), value: bytes(value) });
    }),
  ),
);

s("should decode or reject random JSON", () =>
  holds(
    2_000,
    fc.property(fc.json(), fc.json(), (key, value) => {
      outcome(decoder(), recordOf({ key, value }));
    }),
  ),
);

const RECORDINGS = [
  "pg-json-schemaless",
  "pg-json-schema",
  "pg-flattened",
  "pg-avro",
  "mariadb-json-schemaless",
  "mongodb",
  "sqlserver",
  "oracle",
  "vitess",
];

for (const name of RECORDINGS) {
  const topics = recordedTopics(name);
  // Each topic equally often: most records are transaction records.
  const recordOfTopic = (topic: number, i: number) => {
    const records = topics[topic % topics.length] as readonly SourceRecord[];
    return records[i % records.length] as SourceRecord;
  };

  s(`should decode valid records unchanged after broken records of ${name}`, () =>
    holds(
      400,
      fc.asyncProperty(fc.nat(), fc.nat(), mutations, mutations, async (topic, i, key, value) => {
        const record = recordOfTopic(topic, i);
        const broken = {
          ...record,
          key: mutated(record.key, key),
          value: mutated(record.value, value),
        };
        await client.prepare([record, broken].filter((one) => schemaIdOf(one.value) !== null));
        const alone = outcome(decoder(), record);
        const used = decoder();
        // Before and after: a broken record neither uses the state of earlier records nor changes that of later ones.
        assert.ok(isDeepStrictEqual(outcome(used, record), alone));
        assert.ok(isDeepStrictEqual(outcome(used, broken), outcome(decoder(), broken)));
        assert.ok(isDeepStrictEqual(outcome(used, record), alone));
      }),
    ),
  );
}

s.run();
