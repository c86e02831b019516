import type { RateLimiterStatus } from "../deliver/rate-limiter.ts";
import type { Counters } from "../metrics/counters.ts";
import type { SourceStatus } from "../source/source.ts";
import type { TaskStatus } from "../task/task-status.ts";
import type { Health, SegmentStatus } from "./status.ts";

/** A task's standing, held against the end of its log. */
export type Partition = TaskStatus & {
  readonly end: number | null;
  readonly lag: { readonly records: number | null; readonly seconds: number | null };
};

export type ProcessReading = {
  readonly resident_bytes: number;
  readonly heap_bytes: number;
  readonly external_bytes: number;
  readonly cpu_s: number;
  /** How late the event loop was. */
  readonly delay_s: { readonly p50: number; readonly p99: number; readonly max: number };
};

/** Everything at one moment: metrics and status are both read from it. */
export type Observed = {
  readonly pipeline: string;
  readonly version: string;
  /** ms since 1970. */
  readonly since: number;
  readonly now: number;
  readonly live: Health;
  readonly ready: Health;
  readonly counters: Counters;
  readonly source: SourceStatus;
  readonly rateLimiter: RateLimiterStatus;
  readonly partitions: readonly Partition[];
  readonly lastResponse: SegmentStatus["lastResponse"];
  readonly process: ProcessReading;
};

/**
 * How far a task is behind. What is not shown (control records at the log's end) is no lag: a task that has stored all
 * it was given stands where the consumer does.
 */
export function lagOf(
  task: TaskStatus,
  logEnd: number | null,
  next: number | undefined,
  now: number,
): Partition {
  // What was fetched since the brokers were asked says that the log goes on.
  const end = logEnd === null ? null : Math.max(logEnd, next ?? 0);
  const { nextOffset, isAllStored, time } = task;
  const reached =
    nextOffset === null ? null : isAllStored ? Math.max(nextOffset, next ?? 0) : nextOffset;
  const records = reached === null || end === null ? null : Math.max(0, end - reached);
  // A record without any time has 0.
  const age = time === null || time === 0 ? null : Math.max(0, now - time) / 1_000;
  return { ...task, end, lag: { records, seconds: records === 0 ? 0 : age } };
}
