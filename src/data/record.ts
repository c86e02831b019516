/** A record of a source partition, as bytes. */
export type SourceRecord = {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: Buffer | null;
  /** `null` for a tombstone. */
  readonly value: Buffer | null;
  readonly headers: Headers;
  /** The timestamp of the record in Kafka, ms since 1970. */
  readonly timestamp: number;
};

export type Headers = { readonly [name: string]: Buffer | string | undefined };

/** The format of a record's value; `none` for a tombstone, `unknown` if it is unreadable. */
export type RecordFormat =
  | "json"
  | "json-with-schema"
  | "avro"
  | "json-schema"
  | "protobuf"
  | "none"
  | "unknown";

export type TopicPartition = Pick<SourceRecord, "topic" | "partition">;

/** `topic/partition`, the name of a partition and of its task. */
export function partitionName({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}

/** `topic/partition@offset`, the name of a record in logs and errors. */
export function recordName(record: TopicPartition & { readonly offset: number }): string {
  return `${partitionName(record)}@${record.offset}`;
}

/** Bytes of key and value. */
export function recordBytes({ key, value }: Pick<SourceRecord, "key" | "value">): number {
  return (key?.length ?? 0) + (value?.length ?? 0);
}
