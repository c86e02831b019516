/** The last message that a sync gave of a row: enough to tell a person what it was. */
export type LastMessage = {
  /** The sync's number in the stored rows. */
  readonly sync: number;
  /** Of a change that was set aside: what happened to the row. */
  readonly kind: MessageKind;
  /** Its messageId, where that is not the one derived from all this. */
  readonly id: string | null;
  /** No message could be made of the change: it stands in the dead letters. */
  readonly isDeadLettered: boolean;
  readonly source: LastMessageSource;
};

/** The record that gave a message, with what its id is made of. */
export type LastMessageSource = {
  readonly offset: number;
  /** Commit time, ms since 1970. */
  readonly time: number;
  /** The position in the database's log, else `partition/offset`. */
  readonly changeId: string;
  /** The table's name; `null` where the topic's has it behind its first dot, as Debezium names topics. */
  readonly table: string | null;
  /** The record's partition, where that is another one than the row's. */
  readonly partition: number | null;
  /** The key that the message was about, where the row had another one then. */
  readonly key: string | null;
};

/** Where a stored row comes from: what it says of its own record is said once. */
export type RowCoordinates = {
  readonly offset: number;
  readonly time: number;
  readonly sourcePosition: string | null;
};

/** What a teller says of a table. */
export function tableOverride(topic: string, table: string): string | null {
  return table === defaultTable(topic) ? null : table;
}

/** The table that it names. */
export function tableOf(topic: string, { table }: LastMessageSource): string {
  return table ?? defaultTable(topic);
}

function defaultTable(topic: string): string {
  return topic.slice(topic.indexOf(".") + 1);
}

/** What one message is about: the kinds of message that one record can give one sync. */
export type MessageKind = "identify" | "added" | "changed" | "removed" | "entered" | "exited";
