import type { ErrorCode } from "../lib/errors.ts";
import type { RecordCounts, ResponseActionKind, SyncCounts } from "../metrics/counters.ts";
import type { Usages } from "../metrics/usage.ts";
import type { RestoreProgress } from "../state/restore.ts";
import type { StoreSize } from "../state/store.ts";
import type { TaskState } from "../task/task-state.ts";

/**
 * What the status port answers with, as JSON. Times are ISO-8601 in UTC; what ends in `_s`, `_ms` or `_bytes` is a
 * number of those. Counts are those of this process since it started. `null` is what is not known, or is not there.
 */

/** The answer of `/live` and `/ready`; and, with 503, why not. */
export type Health =
  | { readonly status: "ok" }
  | {
      readonly status: "failing";
      readonly code: HealthCode;
      /** What was found. */
      readonly reason: string;
      /** What a person is to do, if anything. */
      readonly toDo: string;
    };

/**
 * - `FAILED`      the pipeline met an error that ends the process
 * - `STOPPING`    it was asked to stop, and delivers what is in flight
 * - `JOINING`     no partitions yet: the group has not given any, or Kafka is away since the start
 * - `KAFKA_AWAY`  it had partitions, and its consumer has left the group; it joins again by itself
 * - `RESTORING`   some partitions are still being opened, their state read from the changelog
 */
export type HealthCode = "FAILED" | "STOPPING" | "JOINING" | "KAFKA_AWAY" | "RESTORING";

/** `GET /status` */
export type Status = {
  readonly pipeline: string;
  readonly version: string;
  /** When the process started, and when this was said. */
  readonly since: string;
  readonly now: string;
  readonly live: Health;
  readonly ready: Health;
  /** The consumer and its group. */
  readonly kafka: {
    readonly isJoined: boolean;
    /** Why it is not, where it was or tried. */
    readonly reason: string | null;
    /** Assignments so far, the first included. */
    readonly rebalances: number;
    /** Consumers that took the place of one that crashed, that its group had lost, or that was silent for too long. */
    readonly restarts: {
      readonly crashed: number;
      readonly lost: number;
      readonly stalled: number;
    };
  };
  /** Those that this process has, by topic and number. */
  readonly partitions: readonly PartitionStatus[];
  /** In the order of the settings. */
  readonly syncs: readonly SyncStatus[];
  /** Records taken, by how they were written and what they were. */
  readonly records: { readonly [format: string]: RecordCounts };
  readonly segment: SegmentStatus;
  readonly deadLetters: {
    readonly total: number;
    readonly byReason: { readonly [code in ErrorCode]?: number };
  };
  readonly process: {
    readonly resident_bytes: number;
    readonly heap_bytes: number;
    /** How late the event loop was, the 99th percentile since it was last asked for metrics. */
    readonly eventLoopDelay_ms: number;
  };
  /** The settings in force, defaults included; secrets are `(hidden)`. */
  readonly settings: object;
};

export type PartitionStatus = {
  readonly topic: string;
  readonly partition: number;
  readonly taskState: TaskState;
  /** The next offset that is not yet delivered and stored. */
  readonly nextOffset: number | null;
  /** Where the log ends: the offset that the next record will get. */
  readonly end: number | null;
  /** Records between the two (offsets: a compacted log has fewer), and the age of the first of them; 0 at the end. */
  readonly lag: { readonly records: number | null; readonly seconds: number | null };
  readonly lastCheckpoint: string | null;
  /** What is held in memory, each with its limit. */
  readonly usage: Usages | null;
  /** The last restore here, in offsets of the changelog. */
  readonly restore: RestoreProgress | null;
  readonly store: StoreSize | null;
};

export type SyncStatus = SyncCounts & {
  readonly name: string;
  readonly model: string;
  readonly type: "identify" | "track" | "track-entered-exited";
};

export type SegmentStatus = {
  /** Answers by what they meant for their batch. */
  readonly responses: { readonly [responseAction in ResponseActionKind]: number };
  readonly bytes: number;
  /** The last answer; `reason` where the batch was not taken. */
  readonly lastResponse: {
    readonly at: string;
    readonly action: ResponseActionKind;
    readonly reason: string | null;
  } | null;
  /** Segment asked to slow down: when sending goes on, and how long that was in all. */
  readonly rateLimiter: { readonly throttledUntil: string | null; readonly closed_s: number };
};

/** `GET /status/messages?sync=&user=&key=`, newest first: the latest 100 of each sync that Segment took. */
export type MessagesStatus = { readonly messages: readonly RecentMessage[] };

export type RecentMessage = {
  readonly sync: string;
  readonly type: "identify" | "track";
  readonly event?: string;
  readonly userId?: string;
  readonly anonymousId?: string;
  readonly messageId: string;
  /** As it stands in the message. */
  readonly timestamp: string;
  /** What happened to the row; of a changed one, which columns of those that the sync watches. */
  readonly why: {
    readonly kind: "added" | "changed" | "removed";
    readonly columns: readonly string[] | null;
  };
  /** The record that told of it, and the row's key as canonical JSON. */
  readonly from: {
    readonly topic: string;
    readonly partition: number;
    readonly offset: number;
    readonly key: string;
  };
  /** When Segment took it, how long after the commit in the database, and what it said. */
  readonly sentAt: string;
  readonly delay_s: number | null;
  readonly response: string;
};

/** `GET /status/dead-letters`, newest first: the latest 200. */
export type DeadLettersStatus = { readonly deadLetters: readonly RecentDeadLetter[] };

export type RecentDeadLetter = {
  readonly at: string;
  readonly code: ErrorCode;
  readonly reason: string;
  /** The model or sync that could not take it; `null` where nobody could. */
  readonly by: string | null;
  /** Of a message that Segment refused. */
  readonly messageId: string | null;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
};
