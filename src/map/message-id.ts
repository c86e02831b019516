import { hash } from "node:crypto";
import type { MessageKind } from "../data/last-message.ts";

/** What every id of a pipeline has in common. Segment drops by id alone, whatever the source: so the write key is in it. */
export function idNamespace(pipeline: string, writeKey: string): string {
  return `${pipeline}\n${hash("sha256", writeKey, "base64url")}`;
}

/** What the message came from; all of it is the same on a replay, a rebalance and Debezium's own redelivery. */
export type MessageIdInput = {
  readonly sync: string;
  readonly table: string;
  readonly key: string;
  readonly kind: MessageKind;
  readonly topic: string;
  /** The position in the database's log, else `partition/offset`. */
  readonly changeId: string;
};

/** A pure function of its cause, 43 characters (Segment takes up to 100, and advises 99). */
export function messageId(
  space: string,
  { sync, table, key, kind, topic, changeId }: MessageIdInput,
): string {
  // A line break cannot stand in a name, and the key is JSON: no two causes give one text.
  return hash(
    "sha256",
    `${space}\n${sync}\n${table}\n${kind}\n${topic}\n${changeId}\n${key}`,
    "base64url",
  );
}
