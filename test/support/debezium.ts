import type { RowEvent, SourceEvent } from "../../src/data/event.ts";
import type { Headers, SourceRecord } from "../../src/data/record.ts";
import { Decoder, type TopicFormat } from "../../src/decode/decoder.ts";

export const TOPIC = "app.public.users";

/** Fields of Debezium's `source` block; a number beyond 2^53 is written as it stands when given as text. */
export type SourceFields = { readonly [name: string]: unknown };

export type EnvelopeFields = {
  readonly op: string;
  readonly before?: unknown;
  readonly after?: unknown;
  readonly source?: SourceFields;
  readonly ts_ms?: number;
};

/** The envelope as PostgreSQL's connector writes it, in its order of fields. */
export function envelope({ op, before = null, after = null, source, ts_ms }: EnvelopeFields): {
  readonly [name: string]: unknown;
} {
  return {
    before,
    after,
    source: { ...POSTGRES, ...source },
    transaction: null,
    op,
    ts_ms: ts_ms ?? 1_700_000_000_900,
    ts_us: 1_700_000_000_900_123,
  };
}

const POSTGRES: SourceFields = {
  version: "3.5.0.Final",
  connector: "postgresql",
  name: "app",
  ts_ms: 1_700_000_000_000,
  snapshot: "false",
  db: "shop",
  schema: "public",
  table: "users",
  txId: 700,
  lsn: 1000,
};

/** A record of `TOPIC`; key and value as JSON, `null` as no bytes, bytes and text as they are. */
export function recordOf(over: {
  readonly key?: unknown;
  readonly value?: unknown;
  readonly topic?: string;
  readonly partition?: number;
  readonly offset?: number;
  readonly headers?: Headers;
  readonly timestamp?: number;
}): SourceRecord {
  return {
    topic: TOPIC,
    partition: 0,
    offset: 0,
    headers: {},
    timestamp: 1_700_000_001_000,
    ...over,
    key: bytesOf(over.key === undefined ? { id: 1 } : over.key),
    value: bytesOf(over.value),
  };
}

function bytesOf(value: unknown): Buffer | null {
  if (value === null || value === undefined) return null;
  if (Buffer.isBuffer(value)) return value;
  return Buffer.from(typeof value === "string" ? value : JSON.stringify(value));
}

export function decoderOf(format: Partial<TopicFormat> = {}): Decoder {
  return new Decoder({
    topic: TOPIC,
    key: null,
    columns: new Map(),
    unavailableValue: "__debezium_unavailable_value",
    expressionColumns: [],
    ...format,
  });
}

/** Decodes one record of the given value with a decoder of its own. */
export function decodeValue(
  value: unknown,
  format: Partial<TopicFormat> = {},
  key?: unknown,
): SourceEvent {
  return decoderOf(format).decode(recordOf({ value, key }));
}

/** The same, for a record that has to be a row. */
export function rowEvent(value: unknown, format: Partial<TopicFormat> = {}): RowEvent {
  const event = decodeValue(value, format);
  if (event.kind !== "row") throw new Error(`a ${event.kind} where a row was expected`);
  return event;
}

/** A value with its embedded schema, as the JSON converter writes it with `schemas.enable`. */
export function withSchema(
  schema: unknown,
  payload: unknown,
): { schema: unknown; payload: unknown } {
  return { schema, payload };
}

/** The envelope's schema with the given columns, as Connect field schemas. */
export function envelopeSchema(columns: readonly object[]): object {
  const row = { type: "struct", fields: columns, optional: true, name: "app.public.users.Value" };
  return {
    type: "struct",
    fields: [
      { ...row, field: "before" },
      { ...row, field: "after" },
      { type: "struct", fields: [], optional: false, field: "source" },
      { type: "string", optional: false, field: "op" },
      { type: "int64", optional: true, field: "ts_ms" },
    ],
    optional: false,
    name: "app.public.users.Envelope",
  };
}
