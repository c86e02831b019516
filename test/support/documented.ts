import { readFileSync } from "node:fs";
import { isBefore, type RowEvent, type SourceEvent } from "../../src/data/event.ts";
import type { SourceRecord } from "../../src/data/record.ts";
import { parseRecordedLine } from "../../src/data/recorded-line.ts";
import type { TopicFormat } from "../../src/decode/decoder.ts";
import { CdcError } from "../../src/lib/errors.ts";
import { decoderOf } from "./debezium.ts";

export type Connector = "sqlserver" | "oracle" | "mongodb" | "vitess";

/** The records of a connector, written from its documentation: test/fixtures/README.md. */
export function documented(connector: Connector): readonly SourceRecord[] {
  const file = new URL(`../fixtures/documented/${connector}.ndjson`, import.meta.url);
  return readFileSync(file, "utf8")
    .trimEnd()
    .split("\n")
    .map((line, index) => parseRecordedLine(Buffer.from(line), index + 1));
}

/** The decoded records, with one decoder per topic; a rejected record is its error. */
export function decoded(
  connector: Connector,
  format: Partial<TopicFormat> = {},
): readonly (SourceEvent | CdcError)[] {
  const decoders = new Map<string, ReturnType<typeof decoderOf>>();
  return documented(connector).map((record) => {
    const { topic } = record;
    const decoder = decoders.get(topic) ?? decoderOf({ topic, ...format });
    decoders.set(topic, decoder);
    try {
      return decoder.decode(record);
    } catch (error) {
      if (error instanceof CdcError) return error;
      throw error;
    }
  });
}

/** One line for each record: its kind and key. */
export function summaries(events: readonly (SourceEvent | CdcError)[]): readonly string[] {
  return events.map((event) => {
    if (event instanceof CdcError) return event.code;
    if (event.kind === "non-row") return event.what;
    if (event.kind === "truncate") return `truncate ${event.table}`;
    return event.kind === "row" ? `${event.operation} ${event.key}` : `tombstone ${event.key}`;
  });
}

export function nthRow(events: readonly (SourceEvent | CdcError)[], index: number): RowEvent {
  const event = events[index];
  if (event instanceof CdcError || event?.kind !== "row")
    throw new Error(`event ${index} is not a row`);
  return event;
}

/** Whether the source position of event `a` is before that of event `b`. */
export function comesBefore(events: readonly (SourceEvent | CdcError)[], a: number, b: number) {
  const [first, second] = [nthRow(events, a).sourcePosition, nthRow(events, b).sourcePosition];
  return first !== null && second !== null && isBefore(first, second);
}
