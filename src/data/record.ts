/** One record of a source partition, still bytes. */
export type SourceRecord = {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: Buffer | null;
  /** `null` is a tombstone. */
  readonly value: Buffer | null;
  readonly headers: Headers;
  /** The record's own timestamp, ms since 1970. */
  readonly timestamp: number;
};

export type Headers = { readonly [name: string]: Buffer | string | undefined };

/** How a record's value was written; `none` is a tombstone's, `unknown` one that cannot be read. */
export type RecordFormat =
  | "json"
  | "json-with-schema"
  | "avro"
  | "json-schema"
  | "protobuf"
  | "none"
  | "unknown";

export type TopicPartition = Pick<SourceRecord, "topic" | "partition">;

/** `topic/partition`: the name of a partition, and of its task. */
export function partitionName({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}

/** `topic/partition@offset`: what a log line or a dead letter calls a record. */
export function recordName(record: TopicPartition & { readonly offset: number }): string {
  return `${partitionName(record)}@${record.offset}`;
}

/** Bytes of its key and value. */
export function recordBytes({ key, value }: Pick<SourceRecord, "key" | "value">): number {
  return (key?.length ?? 0) + (value?.length ?? 0);
}
