/** The last message that a sync sent for a row, as far as `explain` needs it. */
export type LastMessage = {
  /** The sync's number in the stored rows. */
  readonly sync: number;
  /** For a dead-lettered change, the kind of the change. */
  readonly kind: MessageKind;
  /** Its messageId; `null` if it is derived from the other members. */
  readonly id: string | null;
  /** No message could be made, and the change is in the dead letter queue. */
  readonly isDeadLettered: boolean;
  readonly source: LastMessageSource;
};

/** The record that produced a message, with the parts of its messageId. */
export type LastMessageSource = {
  readonly offset: number;
  /** Commit time, ms since 1970. */
  readonly time: number;
  /** The source position, else `partition/offset`. */
  readonly changeId: string;
  /** `null` if it is the part of the topic name after its first dot, as Debezium names topics. */
  readonly table: string | null;
  /** `null` if it is the partition of the row. */
  readonly partition: number | null;
  /** The key of the row at that time; `null` if it has not changed. */
  readonly key: string | null;
};

/** The record that a stored row comes from. */
export type RowCoordinates = {
  readonly offset: number;
  readonly time: number;
  readonly sourcePosition: string | null;
};

/** The table name to store; `null` for the default. */
export function tableOverride(topic: string, table: string): string | null {
  return table === defaultTable(topic) ? null : table;
}

/** The table name of a stored source. */
export function tableOf(topic: string, { table }: LastMessageSource): string {
  return table ?? defaultTable(topic);
}

function defaultTable(topic: string): string {
  return topic.slice(topic.indexOf(".") + 1);
}

/** The kinds of message that one record can produce for one sync. */
export type MessageKind = "identify" | "added" | "changed" | "removed" | "entered" | "exited";
