import type { TopicPartition } from "../data/record.ts";
import type { Usages } from "../metrics/usage.ts";
import type { RestoreProgress } from "../state/restore.ts";
import type { StoreSize } from "../state/store.ts";
import type { TaskState } from "./task-state.ts";

/** One partition that is assigned to this process. Times are ms since 1970. */
export type TaskStatus = TopicPartition & {
  readonly taskState: TaskState;
  /** The stored offset: all records below it are processed and delivered. `null` before the task has started. */
  readonly nextOffset: number | null;
  /** Every record received is stored. */
  readonly isAllStored: boolean;
  /**
   * The time of the first record received and not stored, else of the last one stored: its commit time in the database,
   * or Kafka's timestamp if it is not decoded yet or is not a row. `null` if no record was received.
   */
  readonly time: number | null;
  /** The end of the last checkpoint; `null` if there was none. */
  readonly checkpointed: number | null;
  /** The last restore of this partition in this process; `null` if nothing had to be read. */
  readonly restore: RestoreProgress | null;
  readonly usage: Usages | null;
  readonly store: StoreSize | null;
};
