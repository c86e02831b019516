import type { MessageKind } from "../data/last-message.ts";

/**
 * Why a row produced a message, or none. `explain` prints it, and `/explain` of the status port returns it as JSON.
 * Times are ISO 8601 in UTC. `null` means unknown, or none.
 */
export type Explanation = {
  readonly pipeline: string;
  readonly model: string;
  /** The row's key as canonical JSON; `null` if the given record has no readable key. */
  readonly key: string | null;
  /** The partitions whose state was searched, as `topic/partition`. */
  readonly searched: readonly string[];
  /** The partitions of this process whose state could not be searched. */
  readonly notSearched: readonly { readonly partition: string; readonly why: string }[];
  /** The row in each partition that has it. More than one if a producer spread the key or the model has several topics. */
  readonly rows: readonly ExplainedRow[];
  /** What the given record would do; `null` if no record was given. */
  readonly record: ExplainedRecord | null;
};

export type Question = {
  readonly model: string;
  /** As typed: `7`, `"a"`, `["org1",7]` or `{"org":"org1","id":7}`; `null` uses the key of the record. */
  readonly key: string | null;
  /** A record as `kcat -C -J` writes it. */
  readonly line: string | null;
  /** Whether the explanation contains values of columns, or only their names. */
  readonly showValues: boolean;
};

/** The coordinates of a record in Kafka. */
export type Coordinates = {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
};

export type ExplainedRow = {
  /** The last record of the row: the one it was stored from, or a later snapshot read of it. */
  readonly from: Coordinates;
  /** The source position of the stored change. */
  readonly position: string | null;
  readonly commitTime: string | null;
  /** The row was removed; a delete marker remains. */
  readonly isRemoved: boolean;
  readonly columns: readonly string[];
  readonly values: { readonly [column: string]: unknown } | null;
  /** Columns that have a value which no record contained. */
  readonly unknown: readonly string[];
  /** The row is in the store. Otherwise it was processed and waits for the next checkpoint. */
  readonly isStored: boolean;
  readonly syncs: readonly ExplainedSync[];
};

export type ExplainedSync = {
  readonly sync: string;
  readonly type: "identify" | "track" | "track-entered-exited";
  /** The sync is not in the stored state yet; the next start backfills it. */
  readonly isNew: boolean;
  readonly isMember: boolean;
  /** Commit time at which the membership started. */
  readonly since: string | null;
  readonly last: ExplainedLastMessage | null;
};

/** The last message that a sync sent for a row, or the last change that it could not send. */
export type ExplainedLastMessage = {
  /** The kind of the message; for a dead-lettered change, the kind of the change. */
  readonly kind: MessageKind;
  /** `null` if no message could be made. */
  readonly messageId: string | null;
  readonly from: Coordinates;
  readonly commitTime: string | null;
  readonly response: ExplainedResponse;
};

/**
 * - `accepted`     Segment accepted the message, and this process has the response
 * - `rejected`     Segment rejected the message, and it is in the dead letter queue
 * - `settled`      one of these two: the dead letter queue shows which
 * - `deadLettered` no message could be made, and the change is in the dead letter queue
 * - `pending`      the message is not delivered yet, or its delivery is not durable yet
 */
export type ExplainedResponse = {
  readonly status: "accepted" | "rejected" | "settled" | "deadLettered" | "pending";
  readonly time: string | null;
  /** Segment's response, or the reason in the dead letter queue. */
  readonly detail: string | null;
};

export type ExplainedRecord = {
  readonly from: Coordinates;
  /** The decisions, in their order. */
  readonly steps: readonly ExplainedStep[];
  readonly messages: readonly ExplainedMessage[];
  /** Whether the messages are known here. They are not if they depend on other partitions or machines. */
  readonly isDecided: boolean;
};

/** One decision about a record: for the record as a whole, for one model, or for one sync. */
export type ExplainedStep = {
  readonly about:
    | "record"
    | "offset"
    | "stale"
    | "filter"
    | "user"
    | "columns"
    | "change"
    | "message";
  readonly model: string | null;
  readonly sync: string | null;
  readonly detail: string;
};

export type ExplainedMessage = {
  readonly sync: string;
  readonly type: string;
  readonly event: string | null;
  readonly userId: string | null;
  readonly anonymousId: string | null;
  readonly messageId: string;
  readonly timestamp: string;
  /** The names of its traits or properties. */
  readonly fields: readonly string[];
  /** The JSON text of the message; `null` unless values are shown. */
  readonly text: string | null;
};
