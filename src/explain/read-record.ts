import type { SourceEvent } from "../data/event.ts";
import type { RecordFormat, SourceRecord } from "../data/record.ts";
import { Decoder } from "../decode/decoder.ts";
import type { SchemaRegistry } from "../decode/format/schema-registry.ts";
import type { CdcError } from "../lib/errors.ts";
import type { TopicTopology } from "../topology/topology.ts";

/** A decoded record. */
export type ReadRecord = {
  readonly record: SourceRecord;
  readonly format: RecordFormat;
  readonly event: SourceEvent | CdcError;
  /** The key of its row as canonical JSON; `null` if it has none. */
  readonly key: string | null;
};

/** Decodes a record as the service does. Waits for a schema registry that does not respond. */
export async function readRecord(
  record: SourceRecord,
  topicTopology: TopicTopology,
  registry: SchemaRegistry | null,
): Promise<ReadRecord> {
  await registry?.prepare([record]);
  const { event, format } = new Decoder(topicTopology.format, registry).read(record);
  return { record, event, format, key: "key" in event ? event.key : null };
}
