import type { SourceEvent } from "../data/event.ts";
import type { RecordFormat, SourceRecord } from "../data/record.ts";
import { Decoder } from "../decode/decoder.ts";
import type { SchemaRegistry } from "../decode/format/schema-registry.ts";
import type { CdcError } from "../lib/errors.ts";
import type { TopicTopology } from "../topology/topology.ts";

/** A record, and what it was read as. */
export type ReadRecord = {
  readonly record: SourceRecord;
  readonly format: RecordFormat;
  readonly event: SourceEvent | CdcError;
  /** The row that it is about, as canonical JSON; `null` where it is about none. */
  readonly key: string | null;
};

/** Reads a record as the service would. A registry that is away is waited for, as by the service. */
export async function readRecord(
  record: SourceRecord,
  topicTopology: TopicTopology,
  registry: SchemaRegistry | null,
): Promise<ReadRecord> {
  await registry?.prepare([record]);
  const { event, format } = new Decoder(topicTopology.format, registry).read(record);
  return { record, event, format, key: "key" in event ? event.key : null };
}
