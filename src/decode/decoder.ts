import type { RowEvent, SourceEvent, Tombstone, Truncate } from "../data/event.ts";
import { isTime } from "../data/instant.ts";
import type { RecordFormat, SourceRecord } from "../data/record.ts";
import { type Row, real, type Value } from "../data/row.ts";
import { CdcError } from "../lib/errors.ts";
import {
  COMPLETE_BEFORE,
  type Envelope,
  endsSnapshot,
  isBroken,
  isEnvelope,
  OPERATIONS,
} from "./debezium/envelope.ts";
import { readFlattened } from "./debezium/flattened.ts";
import { imageAfter, imageBefore } from "./debezium/image.ts";
import { KeyMoves } from "./debezium/key-moves.ts";
import { nonRowKind } from "./debezium/non-row.ts";
import { type KeyFields, RecordKey } from "./debezium/record-key.ts";
import { positionOf } from "./debezium/source-position.ts";
import { Placeholder } from "./debezium/unavailable.ts";
import { type Payload, PayloadReader } from "./format/payload-reader.ts";
import type { SchemaRegistry } from "./format/schema-registry.ts";
import { type ColumnType, type Converter, converterOf } from "./value/column-types.ts";
import { isObject, type Json, type JsonObject, shown } from "./value/json.ts";
import { type ConnectSchema, convertersOf } from "./value/logical-types.ts";

/** How the models of a topic define its records. */
export type TopicFormat = {
  readonly topic: string;
  readonly key: KeyFields;
  /** Declared column types; they take precedence over the record's schema. */
  readonly columns: ReadonlyMap<string, ColumnType>;
  /** Whether `before` is the complete row; absent: depends on the connector. */
  readonly beforeIsComplete?: boolean;
  readonly unavailableValue: string;
  /** Whether the two records of a primary-key change are sent as one change. */
  readonly followKeys?: boolean;
  /** Columns that expressions read: for these `5.0` and `5` differ, though they are the same JavaScript number. */
  readonly expressionColumns: readonly string[];
};

const NONE: readonly string[] = [];
const GONE = { row: null, unavailable: NONE } as const;

/** The converters and defaults of the columns of one struct. */
type Shape = { readonly converters: ReadonlyMap<string, Converter>; readonly defaults: Row | null };

/** What the rows of one record are read with. */
type Content = { readonly text: string; readonly shape: Shape };

/** What a record was read as; a CdcError if it cannot be read. */
export type Decoded = {
  readonly event: SourceEvent | CdcError;
  readonly format: RecordFormat;
};

/** Turns the records of one topic into source events. */
export class Decoder {
  readonly #format: TopicFormat;
  readonly #key: RecordKey;
  readonly #moves: KeyMoves | null;
  readonly #reader: PayloadReader;
  readonly #declared: Shape;
  readonly #placeholder: Placeholder;
  readonly #doubles: readonly { name: string; pattern: RegExp }[];
  /** By schema: a topic may alternate between several while a table changes. */
  readonly #shapes = new WeakMap<ConnectSchema, Shape>();

  constructor(format: TopicFormat, registry: SchemaRegistry | null = null) {
    this.#format = format;
    this.#key = new RecordKey(format.key, new PayloadReader(registry));
    this.#moves = format.followKeys ? new KeyMoves(this.#key) : null;
    this.#reader = new PayloadReader(registry);
    this.#placeholder = new Placeholder(format.unavailableValue);
    const converters = new Map(
      [...format.columns].map(([name, type]) => [name, converterOf(type)]),
    );
    this.#declared = { converters, defaults: null };
    this.#doubles = format.expressionColumns
      .filter((name) => !format.columns.has(name))
      .map((name) => ({ name, pattern: doublePattern(name) }));
  }

  /** The event in the record, or why there is none, and the format in which the record was written. */
  read(record: SourceRecord): Decoded {
    let format: RecordFormat = record.value === null ? "none" : "unknown";
    try {
      if (record.value === null) return { event: this.#tombstone(record), format };
      const payload = this.#reader.read(record.value);
      format = payload.format;
      return { event: this.#event(payload, record), format };
    } catch (error) {
      if (error instanceof CdcError) return { event: error, format };
      throw error;
    }
  }

  /** @throws CdcError with a dead-letter code */
  decode(record: SourceRecord): SourceEvent {
    const { event } = this.read(record);
    if (event instanceof CdcError) throw event;
    return event;
  }

  #event({ payload, text, schema }: Payload, record: SourceRecord): SourceEvent {
    if (payload === null) return this.#tombstone(record);
    const content: Content = { text, shape: this.#shapeOf(schema) };
    if (!isObject(payload)) {
      throw unknownShape("the value is neither an envelope nor a row", payload);
    }
    if (isBroken(payload)) {
      throw unknownShape("the envelope has no source block", payload);
    }
    const what = nonRowKind(payload);
    if (what !== null) return { kind: "non-row", what };
    return isEnvelope(payload)
      ? this.#envelope(payload, content, record)
      : this.#flattened(payload, content, record);
  }

  #tombstone({ key, headers }: SourceRecord): Tombstone {
    const { source } = readFlattened({}, headers);
    const position = positionOf(source.connector, source);
    const time = isTime(source.ts_ms) ? source.ts_ms : null;
    const moved = this.#moves?.to(headers) ?? null;
    return {
      kind: "tombstone",
      key: this.#key.read(key),
      sourcePosition: position,
      time,
      keyChange: moved,
    };
  }

  #envelope(envelope: Envelope, content: Content, record: SourceRecord): RowEvent | Truncate {
    const { op, source } = envelope;
    const { connector } = source;
    const incremental = source.snapshot === "incremental";
    const about = {
      table: [source.schema ?? source.keyspace ?? source.db, source.table ?? source.collection]
        .filter((name) => typeof name === "string" && name !== "")
        .join("."),
      time: firstTime(source.ts_ms, envelope.ts_ms, record.timestamp),
      sourcePosition: incremental ? null : positionOf(connector, source, envelope.transaction),
    };
    if (op === "t") return { kind: "truncate", ...about };
    const operation = OPERATIONS[op];
    const after = imageAfter(envelope);
    if (operation === undefined || (operation !== "delete" && after === null)) {
      throw unknownShape("the envelope's op and after do not fit together", {
        op,
        after: envelope.after,
      });
    }
    const complete = this.#format.beforeIsComplete ?? COMPLETE_BEFORE.has(connector);
    const before = complete ? imageBefore(envelope) : null;
    return {
      kind: "row",
      key: this.#key.read(record.key),
      operation,
      ...(operation === "delete" || after === null ? GONE : this.#row(after, content)),
      before: before && this.#row(before, content).row,
      defaults: content.shape.defaults,
      incremental,
      endsSnapshot: operation === "read" && endsSnapshot(source),
      keyChange: this.#moves?.of(operation, record.headers) ?? null,
      isCommitTime: isTime(source.ts_ms),
      ...about,
    };
  }

  #flattened(payload: JsonObject, content: Content, record: SourceRecord): RowEvent {
    const { row, deleted, op, source, time } = readFlattened(payload, record.headers);
    const incremental = source.snapshot === "incremental";
    const operation = deleted ? "delete" : (op && OPERATIONS[op]) || "unknown";
    if (Object.keys(row).length === 0) {
      throw unknownShape("the value is neither an envelope nor a row", payload);
    }
    return {
      kind: "row",
      key: this.#key.read(record.key),
      table: typeof source.table === "string" ? source.table : record.topic,
      operation,
      ...(deleted ? GONE : this.#row(row, content)),
      before: null,
      defaults: content.shape.defaults,
      time: firstTime(source.ts_ms, time, record.timestamp),
      isCommitTime: isTime(source.ts_ms),
      sourcePosition: incremental ? null : positionOf(source.connector, source),
      incremental,
      endsSnapshot: endsSnapshot(source),
      keyChange: this.#moves?.of(operation, record.headers) ?? null,
    };
  }

  /** Converts the columns in place: the object was just parsed and is not shared. */
  #row(
    raw: JsonObject,
    { text, shape: { converters } }: Content,
  ): { row: Row; unavailable: readonly string[] } {
    const row = raw as { [column: string]: Value };
    const unavailable: string[] = [];
    for (const name of Object.keys(raw)) {
      const value = raw[name] as Json;
      if (value === null || typeof value === "boolean") continue;
      if (typeof value !== "number" && this.#placeholder.matches(value)) {
        unavailable.push(name);
        delete row[name];
        continue;
      }
      const convert = converters.get(name);
      if (convert) row[name] = converted(convert, name, value);
    }
    for (const { name, pattern } of this.#doubles) {
      if (Number.isInteger(row[name]) && pattern.test(text)) row[name] = real(String(row[name]));
    }
    return { row, unavailable };
  }

  #shapeOf(schema: ConnectSchema | null): Shape {
    if (schema === null) return this.#declared;
    const known = this.#shapes.get(schema);
    if (known) return known;
    const struct = schema.fields?.find(({ field }) => field === "after") ?? schema;
    const converters = convertersOf(struct);
    const defaults: Record<string, Value> = {};
    for (const { field, default: fallback } of struct.fields ?? []) {
      if (field === undefined || fallback === undefined || fallback === null) continue;
      const convert = converters.get(field);
      defaults[field] = convert ? converted(convert, field, fallback) : (fallback as Value);
    }
    for (const [name, convert] of this.#declared.converters) converters.set(name, convert);
    const shape = { converters, defaults };
    this.#shapes.set(schema, shape);
    return shape;
  }
}

function converted(convert: Converter, name: string, value: Json): Value {
  try {
    return convert(value);
  } catch (error) {
    throw CdcError.from("UNREADABLE_VALUE", `column "${name}" cannot be read`, error);
  }
}

function unknownShape(text: string, found: unknown): CdcError {
  return new CdcError("UNKNOWN_SHAPE", text, { details: shown(found) });
}

function firstTime(...candidates: unknown[]): number {
  return candidates.find(isTime) ?? 0;
}

function doublePattern(name: string): RegExp {
  const quoted = JSON.stringify(name).replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`${quoted}\\s*:\\s*-?\\d+[.eE]`);
}
