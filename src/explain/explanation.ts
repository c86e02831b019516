import type { MessageKind } from "../data/last-message.ts";

/**
 * Why something was sent about a row, or not: what `explain` prints and the status port answers `/explain` with, as JSON.
 * Times are ISO-8601 in UTC; `null` is what is not known, or is not there.
 */
export type Explanation = {
  readonly pipeline: string;
  readonly model: string;
  /** The row's key as canonical JSON; `null` where the record that was given has none that can be read. */
  readonly key: string | null;
  /** The partitions whose state was looked at, as `topic/partition`, and those of this process that could not be. */
  readonly searched: readonly string[];
  readonly notSearched: readonly { readonly partition: string; readonly why: string }[];
  /** The row in each partition that has it: one, unless a producer spread a key, or a model has several topics. */
  readonly rows: readonly ExplainedRow[];
  /** What the record that was given would do; `null` where none was. */
  readonly record: ExplainedRecord | null;
};

export type Question = {
  readonly model: string;
  /** As a person writes it: `7`, `"a"`, `["org1",7]` or `{"org":"org1","id":7}`; `null` takes the record's. */
  readonly key: string | null;
  /** One line as `kcat -C -J` writes it. */
  readonly line: string | null;
  /** Whether values of columns are told, or only their names. */
  readonly showValues: boolean;
};

/** A record's place in Kafka. */
export type Coordinates = {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
};

export type ExplainedRow = {
  /** The record that it came from, or that saw it last, and the place of its change in the database's log. */
  readonly from: Coordinates;
  readonly position: string | null;
  readonly committedAt: string | null;
  /** It was removed: a deletion mark keeps its place. */
  readonly isRemoved: boolean;
  readonly columns: readonly string[];
  readonly values: { readonly [column: string]: unknown } | null;
  /** Columns that have a value which was never seen. */
  readonly unknown: readonly string[];
  /** It is durable; else it was processed, and what it gave is on its way. */
  readonly isStored: boolean;
  readonly syncs: readonly ExplainedSync[];
};

export type ExplainedSync = {
  readonly sync: string;
  readonly type: "identify" | "track" | "track-entered-exited";
  /** The stored rows do not know the sync: the next start has it see them all. */
  readonly isNew: boolean;
  readonly isMember: boolean;
  /** Commit time at which it became one. */
  readonly since: string | null;
  readonly last: LastMessage | null;
};

export type LastMessage = {
  /** Of one that was set aside: what happened to the row. */
  readonly kind: MessageKind;
  /** `null` where no message could be made. */
  readonly messageId: string | null;
  readonly from: Coordinates;
  readonly committedAt: string | null;
  readonly response: SegmentResponse;
};

/**
 * - `accepted`   Segment took it: this process sent it, and has the answer
 * - `refused`    Segment refused it, and it stands in the dead letters
 * - `settled`    one of the two: it was delivered, or set aside, before the row was stored; which of the two the
 *                dead letters tell
 * - `set aside`  no message could be made: the change stands in the dead letters
 * - `on its way` it is not delivered yet
 */
export type SegmentResponse = {
  readonly status: "accepted" | "refused" | "settled" | "set aside" | "on its way";
  readonly time: string | null;
  /** What Segment said, or the reason in the dead letters. */
  readonly detail: string | null;
};

export type ExplainedRecord = {
  readonly from: Coordinates;
  /** In the order in which it is decided. */
  readonly steps: readonly Step[];
  readonly messages: readonly ExplainedMessage[];
  /** Whether what is sent is known here; else it takes what other partitions, or other machines, have. */
  readonly isDecided: boolean;
};

/** One decision on the way of a record, of all or of one model or sync. */
export type Step = {
  readonly about:
    | "record"
    | "place"
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
  /** Names of its traits or properties. */
  readonly fields: readonly string[];
  /** As it stands in the batch; only where values are told. */
  readonly text: string | null;
};
