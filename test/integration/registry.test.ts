import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import got from "got";
import protobuf from "protobufjs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Stack, startStack } from "../stack/stack.ts";
import { assertAgreement, POSTGRES_KEYS } from "../support/agreement.ts";
import { cdcToSegment } from "../support/command-line.ts";
import { OF_POSTGRES, STAYED_UNDER_THE_OLD_KEY } from "../support/lost-values.ts";
import { POSTGRES_TABLES } from "../support/recorded-tables.ts";

/** Records in Confluent's wire format, with their schemas in a real registry. */

const test = suite("a schema registry");
const directory = mkdtempSync(join(tmpdir(), "registry-"));
let stack: Stack;

test.before(async () => {
  stack = await startStack({ registry: true });
});

test.after(async () => {
  await stack?.stop();
  rmSync(directory, { recursive: true });
});

/** First: a new registry numbers its schemas from 1, and the recorded ones have to keep their ids. */
test("should read Avro as the database had it", async () => {
  await registerRecorded();
  await assertAgreement(
    {
      name: "pg-avro",
      prefix: "pgavro.public.",
      keys: POSTGRES_KEYS,
      tables: POSTGRES_TABLES,
      schemaless: false,
      columnName: avroName,
      otherValues: { ...OF_POSTGRES, ...STAYED_UNDER_THE_OLD_KEY },
      expectedData: "pg-json-schemaless",
      settings: kafka(),
    },
    directory,
  );
});

test("should follow a schema as it evolves, and dead-letter records without a schema", async () => {
  const value = (fields: readonly object[]) => ({
    type: "record",
    name: "Value",
    namespace: "evolving",
    fields: [{ name: "id", type: "long" }, ...fields],
  });
  const name = { name: "name", type: ["null", "string"], default: null };
  const first = await register("evolving-1", value([name]));
  const wider = await register(
    "evolving-2",
    value([name, { name: "plan", type: ["null", "string"], default: null }]),
  );
  const narrow = await register("evolving-3", value([]));
  const big = 9_007_199_254_740_993n;
  const records = [
    record(0, wire(first, [...zigzag(big), 2, ...text("Ada")])),
    record(1, wire(wider, [...zigzag(big), 2, ...text("Ada"), 2, ...text("pro")])),
    record(2, wire(narrow, [...zigzag(7n)]), "7"),
    record(3, wire(999_999, [...zigzag(8n)]), "8"),
    record(4, wire(first, [0xff]), "9"),
  ];
  const { messages, stderr } = await preview(records);
  assert.equal(messages, [
    {
      event: "added",
      userId: "9007199254740993",
      properties: { id: "9007199254740993", name: "Ada" },
    },
    {
      event: "changed",
      userId: "9007199254740993",
      properties: { id: "9007199254740993", name: "Ada", plan: "pro" },
    },
    { event: "added", userId: "7", properties: { id: 7 } },
  ]);
  assert.match(stderr, /table\/0@3: UNKNOWN_SCHEMA: .*schema 999999/);
  assert.match(stderr, /table\/0@4: UNREADABLE_VALUE: .*schema/);
});

test("should read JSON Schema with Connect's types", async () => {
  const column = (type: string, connect: string, more: object = {}) => ({
    oneOf: [{ type: "null" }, { type, "connect.type": connect, ...more }],
  });
  const id = await register(
    "json",
    {
      type: "object",
      title: "table.Value",
      properties: {
        id: { type: "integer", "connect.type": "int64", "connect.index": 0 },
        seen: column("integer", "int64", { title: "io.debezium.time.MicroTimestamp" }),
        price: column("number", "bytes", {
          title: "org.apache.kafka.connect.data.Decimal",
          "connect.parameters": { scale: "2" },
        }),
      },
    },
    "JSON",
  );
  const json = '{"id":9007199254740993,"seen":1704164645123456,"price":"AfQ="}';
  const { messages } = await preview([record(0, wire(id, [...Buffer.from(json)]))]);
  assert.equal(messages, [
    {
      event: "added",
      userId: "9007199254740993",
      properties: { id: "9007199254740993", seen: "2024-01-02T03:04:05.123456Z", price: 5 },
    },
  ]);
});

test("should read Protobuf, nested types and int64 included", async () => {
  const proto = `
    syntax = "proto3";
    package table;
    message Envelope {
      Value before = 1;
      Value after = 2;
      Source source = 3;
      string op = 4;
      message Value { int64 id = 1; optional string name = 2; optional bytes avatar = 3; }
      message Source { string connector = 1; int64 lsn = 2; int64 ts_ms = 3; string schema = 4; string table = 5; }
    }`;
  const id = await register("protobuf", proto, "PROTOBUF");
  const type = protobuf.parse(proto).root.lookupType("table.Envelope");
  const encoded = type
    .encode(
      type.fromObject({
        after: { id: "9007199254740993", name: "Ada", avatar: Buffer.from([1, 2]) },
        source: {
          connector: "postgresql",
          lsn: "24000000",
          ts_ms: "1704164645123",
          schema: "public",
          table: "t",
        },
        op: "c",
      }),
    )
    .finish();
  const { messages } = await preview([record(0, wire(id, [0, ...encoded]))]);
  assert.equal(messages, [
    {
      event: "added",
      userId: "9007199254740993",
      properties: { id: "9007199254740993", name: "Ada", avatar: "AQI=" },
    },
  ]);
});

/** `field.name.adjustment.mode=avro`: the names that Avro allows. */
function avroName(column: string): string {
  return column.replace(/[^A-Za-z0-9_]/g, "_").replace(/^\d/, "_$&");
}

test("should read Protobuf whose types and options are Google's and Confluent's", async () => {
  const proto = `
    syntax = "proto3";
    package table;
    import "confluent/meta.proto";
    import "confluent/type/decimal.proto";
    import "google/protobuf/timestamp.proto";
    message Value {
      int64 id = 1;
      google.protobuf.Timestamp seen_at = 2;
      confluent.type.Decimal net_price = 3 [(confluent.field_meta) = {
        params: [{ key: "precision", value: "4" }, { key: "scale", value: "2" }]
      }];
    }`;
  const id = await register("protobuf-types", proto, "PROTOBUF");
  const row = [8, 7, 18, 2, 8, 1, 26, 6, 10, 2, 4, 0xd2, 24, 2];
  const { messages } = await preview([record(0, wire(id, [0, ...row]), "7")]);
  const properties = { id: 7, seen_at: "1970-01-01T00:00:01.000Z", net_price: 12.34 };
  assert.equal(messages, [{ event: "added", userId: "7", properties }]);
});

function kafka(): object {
  return { kafka: { brokers: ["127.0.0.1:1"], schemaRegistry: { url: stack.registry.url } } };
}

type Previewed = { readonly messages: readonly object[]; readonly stderr: string };

async function preview(records: readonly object[]): Promise<Previewed> {
  const config = join(directory, "config.json");
  const input = join(directory, "records.ndjson");
  const events = { added: "added", changed: "changed", removed: "removed" };
  writeFileSync(input, records.map((line) => `${JSON.stringify(line)}\n`).join(""));
  writeFileSync(
    config,
    JSON.stringify({
      name: "registry",
      segment: { writeKey: "none" },
      ...kafka(),
      models: { table: { topic: "table" } },
      syncs: {
        table: {
          model: "table",
          type: "track",
          userId: "id",
          events,
          properties: "*",
          initialResults: "send",
        },
      },
    }),
  );
  const { code, stdout, stderr } = await cdcToSegment(["preview", "--config", config, input]);
  assert.is(code, 0, stderr);
  const messages = stdout
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  return {
    messages: messages.map(({ event, userId, properties }) => ({ event, userId, properties })),
    stderr,
  };
}

function record(offset: number, value: Buffer, key = "9007199254740993"): object {
  const bytes = { payload_base64: value.toString("base64") };
  return {
    topic: "table",
    partition: 0,
    offset,
    ts: 1_704_164_645_123,
    key: `{"id":${key}}`,
    ...bytes,
  };
}

function wire(id: number, payload: readonly number[]): Buffer {
  const head = Buffer.alloc(5);
  head.writeInt32BE(id, 1);
  return Buffer.concat([head, Buffer.from(payload)]);
}

/** Avro's long: zig-zag, seven bits a byte. */
function zigzag(value: bigint): number[] {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return [...bytes, Number(rest)];
}

/** Avro's string: its length and its bytes. */
function text(value: string): number[] {
  const bytes = Buffer.from(value);
  return [...zigzag(BigInt(bytes.length)), ...bytes];
}

async function register(
  subject: string,
  schema: object | string,
  schemaType = "AVRO",
): Promise<number> {
  const body = { schema: typeof schema === "string" ? schema : JSON.stringify(schema), schemaType };
  const { id } = await got
    .post(`${stack.registry.url}/subjects/${subject}/versions`, { json: body })
    .json<{ id: number }>();
  return id;
}

/** The recorded schemas under their recorded ids; a gap between two of them is filled with an unused schema. */
async function registerRecorded(): Promise<void> {
  const file = new URL("../fixtures/pg-avro/schemas.json.gz", import.meta.url);
  const schemas = JSON.parse(gunzipSync(readFileSync(file)).toString()) as { [id: string]: object };
  const last = Math.max(...Object.keys(schemas).map(Number));
  for (let id = 1; id <= last; id += 1) {
    const schema = schemas[id] ?? { type: "record", name: `Filler${id}`, fields: [] };
    assert.is(await register(`recorded-${id}`, schema), id, "the registry numbers schemas from 1");
  }
}

test.run();
