import type { RateLimiterStatus } from "../deliver/rate-limiter.ts";
import type { Counters } from "../metrics/counters.ts";
import type { SourceStatus } from "../source/source.ts";
import type { TaskStatus } from "../task/task-status.ts";
import type { Health, SegmentStatus } from "./status.ts";

/** A task with its lag. */
export type Partition = TaskStatus & {
  readonly logEnd: number | null;
  readonly lag: { readonly records: number | null; readonly seconds: number | null };
};

/** The pipeline at one moment, for metrics and status. Times are ms since 1970. */
export type Observed = {
  readonly pipeline: string;
  readonly version: string;
  readonly since: number;
  readonly now: number;
  readonly live: Health;
  readonly ready: Health;
  readonly counters: Counters;
  readonly source: SourceStatus;
  readonly rateLimiter: RateLimiterStatus;
  readonly partitions: readonly Partition[];
  readonly lastResponse: SegmentStatus["lastResponse"];
};

/**
 * Adds the lag to the status of a task. Offsets without records (transaction markers at the log end) are no lag: a task
 * that has stored every record it received is at the consumer's next offset.
 */
export function withLag(
  task: TaskStatus,
  lastLogEnd: number | null,
  consumerOffset: number | undefined,
  now: number,
): Partition {
  // Records fetched since the last request for the log end prove that the log is longer.
  const logEnd = lastLogEnd === null ? null : Math.max(lastLogEnd, consumerOffset ?? 0);
  const { nextOffset, isAllStored, time } = task;
  const reached =
    nextOffset !== null && isAllStored ? Math.max(nextOffset, consumerOffset ?? 0) : nextOffset;
  const records = reached === null || logEnd === null ? null : Math.max(0, logEnd - reached);
  // A record without a timestamp has 0.
  const age = time === null || time === 0 ? null : Math.max(0, now - time) / 1_000;
  return { ...task, logEnd, lag: { records, seconds: records === 0 ? 0 : age } };
}
