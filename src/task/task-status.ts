import type { TopicPartition } from "../data/record.ts";
import type { Usages } from "../metrics/usage.ts";
import type { RestoreProgress } from "../state/restore.ts";
import type { StoreSize } from "../state/store.ts";

/**
 * - `opening`    taken over, and waiting for its turn, its changelog or its brokers
 * - `restoring`  reading from the changelog what this disk lacks
 * - `walking`    new or changed syncs see the stored rows
 * - `running`    processing
 * - `paused`     processing, and so far behind that nothing more is fetched
 * - `stopping`   delivering what is processed, or given up
 */
export const TASK_STATES = [
  "opening",
  "restoring",
  "walking",
  "running",
  "paused",
  "stopping",
] as const;
export type TaskState = (typeof TASK_STATES)[number];
/** One partition that this process has. Times are ms since 1970. */
export type TaskStatus = TopicPartition & {
  readonly taskState: TaskState;
  /** The next offset that is not yet processed, delivered and stored; `null` while it opens. */
  readonly nextOffset: number | null;
  /** Every record that was taken in is stored. */
  readonly isAllStored: boolean;
  /**
   * When the first record was made that was taken in and is not stored, or where there is none, the last one stored:
   * its commit in the database, or Kafka's timestamp where it is not decoded yet or no row. `null` where none came.
   */
  readonly time: number | null;
  readonly checkpointed: number | null;
  /** The last restore of this partition here; `null` where nothing had to be read. */
  readonly restore: RestoreProgress | null;
  readonly usage: Usages | null;
  readonly store: StoreSize | null;
};
