import avro, { type Schema } from "avsc";
import got from "got";
import { exactLongType } from "../../src/decode/format/avro.ts";
import { jsonText } from "../../src/decode/value/json.ts";
import { avroOf } from "./avro-schema.ts";
import type { Envelope, FeedChange } from "./feed.ts";
import { KEY_SCHEMA, type TableSchema, VALUE_SCHEMA } from "./table-schema.ts";

/** The feed as one of Connect's converters writes it: JSON without and with schemas, Avro with a registry. */
export type FormatId = "schemaless" | "embedded" | "avro";

/** One record of the feed, as it lies in the topic. */
export type FeedRecord = Pick<FeedChange, "partition" | "timestamp"> & {
  readonly key: string | Buffer;
  readonly value: string | Buffer;
};

export type Format<R extends FeedRecord = FeedRecord> = {
  readonly id: FormatId;
  readonly name: string;
  readonly topic: string;
  readonly recordOf: (change: FeedChange) => R;
};

/** Each feed has a topic of its own; what the records say of their table is the same in all. */
export const TOPICS: { readonly [id in FormatId]: string } = {
  schemaless: "bench.public.users",
  embedded: "bench.public.users.embedded",
  avro: "bench.public.users.avro",
};

export const FORMAT_NAMES: { readonly [id in FormatId]: string } = {
  schemaless: "schemaless JSON",
  embedded: "JSON with schemas",
  avro: "Avro",
};

/** `schemas.enable=false`. */
export const schemaless: Format<FeedRecord & { readonly key: string; readonly value: string }> = {
  id: "schemaless",
  name: FORMAT_NAMES.schemaless,
  topic: TOPICS.schemaless,
  recordOf: ({ key, envelope, partition, timestamp }) => {
    return { partition, timestamp, key: jsonText(key), value: jsonText(envelope) };
  },
};

const [KEY_TEXT, VALUE_TEXT] = [JSON.stringify(KEY_SCHEMA), JSON.stringify(VALUE_SCHEMA)];

/** The same text with the converter's schema block around it, 4 times as large as the payload. */
export const embedded: Format = {
  id: "embedded",
  name: FORMAT_NAMES.embedded,
  topic: TOPICS.embedded,
  recordOf: (change) => {
    const { key, value, ...rest } = schemaless.recordOf(change);
    return { ...rest, key: inBlock(KEY_TEXT, key), value: inBlock(VALUE_TEXT, value) };
  },
};

function inBlock(schema: string, payload: string): string {
  return `{"schema":${schema},"payload":${payload}}`;
}

/** Confluent's wire format, the schemas registered as its converter does it. */
export async function avroFormat(registryUrl: string): Promise<Format> {
  const key = await avroWriter(registryUrl, `${TOPICS.avro}-key`, KEY_SCHEMA);
  const value = await avroWriter(registryUrl, `${TOPICS.avro}-value`, VALUE_SCHEMA);
  return {
    id: "avro",
    name: FORMAT_NAMES.avro,
    topic: TOPICS.avro,
    recordOf: (change) => {
      const { partition, timestamp } = change;
      return { partition, timestamp, key: key(change.key), value: value(inBytes(change.envelope)) };
    },
  };
}

async function avroWriter(registryUrl: string, subject: string, of: TableSchema) {
  const schema = avroOf(of);
  const { id } = await got
    .post(`${registryUrl}/subjects/${subject}/versions`, {
      json: { schema: JSON.stringify(schema), schemaType: "AVRO" },
    })
    .json<{ id: number }>();
  const type = avro.Type.forSchema(schema as unknown as Schema, {
    registry: { long: exactLongType },
    typeHook: (found) =>
      (found as { type?: unknown }).type === "long" ? exactLongType : undefined,
  });
  const head = Buffer.alloc(5);
  head.writeInt32BE(id, 1);
  return (value: unknown) => Buffer.concat([head, type.toBuffer(value)]);
}

/** Decimals are bytes in Avro. */
function inBytes({ after, ...envelope }: Envelope) {
  return { ...envelope, after: { ...after, balance: Buffer.from(after.balance, "base64") } };
}
