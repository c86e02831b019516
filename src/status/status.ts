import type { ErrorCode } from "../lib/errors.ts";
import type { RecordCounts, ResponseActionKind, SyncCounts } from "../metrics/counters.ts";
import type { Usages } from "../metrics/usage.ts";
import type { RestoreProgress } from "../state/restore.ts";
import type { StoreSize } from "../state/store.ts";
import type { TaskState } from "../task/task-state.ts";
import type { ProcessUsage } from "./process-usage.ts";

/**
 * The JSON that the status port responds with. Times are ISO 8601 in UTC; names that end in `_s`, `_ms` or `_bytes` are
 * numbers in that unit. Counts start at 0 with the process. `null` means unknown or absent.
 */

/** The response of `/live` and `/ready`: 200 if ok, 503 if failing. */
export type Health =
  | { readonly status: "ok" }
  | {
      readonly status: "failing";
      readonly code: HealthCode;
      readonly reason: string;
      /** Advice to the operator. */
      readonly toDo: string;
    };

/**
 * - `FAILED`             an error ends the process
 * - `STOPPING`           the process is stopping and delivers its remaining messages
 * - `JOINING`            no partitions since the start: the consumer has not joined its group
 * - `KAFKA_UNAVAILABLE`  the consumer has left its group and rejoins by itself
 * - `RESTORING`          some tasks are still restoring their state
 */
export type HealthCode = "FAILED" | "STOPPING" | "JOINING" | "KAFKA_UNAVAILABLE" | "RESTORING";

/** `GET /status` */
export type Status = {
  readonly pipeline: string;
  readonly version: string;
  /** Start of the process, and time of the response. */
  readonly since: string;
  readonly now: string;
  readonly live: Health;
  readonly ready: Health;
  /** The consumer and its group. */
  readonly kafka: {
    readonly isJoined: boolean;
    /** Why the consumer has not joined its group. */
    readonly reason: string | null;
    /** Assignments, including the first. */
    readonly rebalances: number;
    /** Consumers replaced because they crashed, were lost to their group, or stalled. */
    readonly restarts: {
      readonly crashed: number;
      readonly lost: number;
      readonly stalled: number;
    };
  };
  /** The partitions this process owns, by topic and number. */
  readonly partitions: readonly PartitionStatus[];
  /** In the order of the settings. */
  readonly syncs: readonly SyncStatus[];
  /** Records processed, by format and kind. */
  readonly records: { readonly [format: string]: RecordCounts };
  readonly segment: SegmentStatus;
  readonly deadLetters: {
    readonly total: number;
    readonly byReason: { readonly [code in ErrorCode]?: number };
  };
  readonly process: ProcessUsage;
  /** The settings in effect, including defaults; secrets are masked. */
  readonly settings: object;
};

export type PartitionStatus = {
  readonly topic: string;
  readonly partition: number;
  readonly taskState: TaskState;
  /** All records below it are delivered and stored. */
  readonly nextOffset: number | null;
  /** The offset of the partition's next record. */
  readonly logEnd: number | null;
  /** Offsets between the two (a compacted log has fewer records), and the age of the first record; 0 at the log end. */
  readonly lag: { readonly records: number | null; readonly seconds: number | null };
  readonly lastCheckpoint: string | null;
  /** Use of each memory limit. */
  readonly usage: Usages | null;
  /** The last restore by this process, in changelog offsets. */
  readonly restore: RestoreProgress | null;
  readonly store: StoreSize | null;
};

export type SyncStatus = SyncCounts & {
  readonly name: string;
  readonly model: string;
  readonly type: "identify" | "track" | "track-entered-exited";
};

export type SegmentStatus = {
  /** Responses by the action that follows. */
  readonly responses: { readonly [action in ResponseActionKind]: number };
  /** Bytes of the accepted messages. */
  readonly bytes: number;
  /** `reason` is `null` if the batch was delivered. */
  readonly lastResponse: {
    readonly time: string;
    readonly action: ResponseActionKind;
    readonly reason: string | null;
  } | null;
  /** When throttling ends, and how long it has lasted in all. */
  readonly rateLimiter: { readonly throttledUntil: string | null; readonly throttled_s: number };
};

/** `GET /status/messages?sync=&user=&key=`: the latest 100 accepted messages of each sync, newest first. */
export type MessagesStatus = { readonly messages: readonly RecentMessage[] };

export type RecentMessage = {
  readonly sync: string;
  readonly type: "identify" | "track";
  readonly event?: string;
  readonly userId?: string;
  readonly anonymousId?: string;
  readonly messageId: string;
  /** Of the message. */
  readonly timestamp: string;
  /** For a changed row with the watched columns that differ. */
  readonly change: {
    readonly kind: "added" | "changed" | "removed";
    readonly columns: readonly string[] | null;
  };
  /** The source record, and the row's key as canonical JSON. */
  readonly record: {
    readonly topic: string;
    readonly partition: number;
    readonly offset: number;
    readonly key: string;
  };
  readonly deliveryTime: string;
  /** Since the commit in the database. */
  readonly delay_s: number | null;
  readonly response: string;
};

/** `GET /status/dead-letters`: the latest 200, newest first. */
export type DeadLettersStatus = { readonly deadLetters: readonly RecentDeadLetter[] };

export type RecentDeadLetter = {
  readonly time: string;
  readonly code: ErrorCode;
  readonly reason: string;
  /** The model or sync that rejected the record; `null` if the record itself is invalid. */
  readonly rejectedBy: string | null;
  /** Of a message that Segment rejected. */
  readonly messageId: string | null;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
};
