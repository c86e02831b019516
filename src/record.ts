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

export type TopicPartition = Pick<SourceRecord, "topic" | "partition">;

/** `topic/partition`, the name of a task; with an offset, the name of a record. */
export function nameOf(at: TopicPartition & { readonly offset?: number }): string {
  const partition = `${at.topic}/${at.partition}`;
  return at.offset === undefined ? partition : `${partition}@${at.offset}`;
}
