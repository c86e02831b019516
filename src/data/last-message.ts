/** The last message that a sync gave of a row: enough to tell a person what it was. */
export type Told = {
  /** The sync's number in the stored rows. */
  readonly sync: number;
  /** Of a change that was set aside: what happened to the row. */
  readonly kind: MessageKind;
  /** Its messageId, where that is not the one derived from all this. */
  readonly id: string | null;
  /** No message could be made of the change: it stands in the dead letters. */
  readonly isSetAside: boolean;
  readonly by: Teller;
};

/** The record that gave a message, with what its id is made of. */
export type Teller = {
  readonly offset: number;
  /** Commit time, ms since 1970. */
  readonly time: number;
  /** The position in the database's log, else `partition/offset`. */
  readonly place: string;
  /** The table's name; `null` where the topic's has it behind its first dot, as Debezium names topics. */
  readonly table: string | null;
  /** The record's partition, where that is another one than the row's. */
  readonly partition: number | null;
  /** The key that the message was about, where the row had another one then. */
  readonly key: string | null;
};

/** Where a stored row comes from: what it says of its own record is said once. */
export type Own = {
  readonly offset: number;
  readonly time: number;
  readonly position: string | null;
};

/** What a teller says of a table. */
export function tableAsTold(topic: string, table: string): string | null {
  return table === tableOf(topic) ? null : table;
}

/** The table that it names. */
export function tableTold(topic: string, { table }: Teller): string {
  return table ?? tableOf(topic);
}

function tableOf(topic: string): string {
  return topic.slice(topic.indexOf(".") + 1);
}

/** What one message is about: the kinds of message that one record can give one sync. */
export type MessageKind = "identify" | "added" | "changed" | "removed" | "entered" | "exited";
