import { hash } from "node:crypto";
import type { MessageKind } from "../data/last-message.ts";

/** Part of every id of a pipeline. It contains the write key, because Segment deduplicates by id across sources. */
export function idNamespace(pipeline: string, writeKey: string): string {
  return `${pipeline}\n${hash("sha256", writeKey, "base64url")}`;
}

/** The input of an id: the same after a replay, a rebalance and a redelivery by Debezium. */
export type MessageIdInput = {
  readonly sync: string;
  readonly table: string;
  readonly key: string;
  readonly kind: MessageKind;
  readonly topic: string;
  /** The source position, else `partition/offset`. */
  readonly changeId: string;
};

/** A pure function of its input, 43 characters (Segment accepts 100 and recommends at most 99). */
export function messageId(
  space: string,
  { sync, table, key, kind, topic, changeId }: MessageIdInput,
): string {
  // Names and keys in JSON contain no line break, so different inputs give different texts.
  return hash(
    "sha256",
    `${space}\n${sync}\n${table}\n${kind}\n${topic}\n${changeId}\n${key}`,
    "base64url",
  );
}
