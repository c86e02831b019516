/**
 * The states of a task. Every assigned partition is in exactly one of them.
 *
 *     ┌─────────┐   ┌───────────┐   ┌─────────────┐   ┌─────────┐   ┌────────┐
 *     │ created │──▶│ restoring │──▶│ backfilling │──▶│ running │◀─▶│ paused │
 *     └─────────┘   └───────────┘   └──────┬──────┘   └────┬────┘   └────┬───┘
 *                                          └───────────────┼─────────────┘
 *                                                          ▼
 *                                    ┌────────┐      ┌──────────┐   ┌────────┐
 *                   any open state ─▶│ failed │      │ stopping │──▶│ closed │
 *                                    └────────┘      └──────────┘   └────────┘
 *
 * `restoring` and `backfilling` are skipped if there is nothing to do. A backfill may end with a full record queue, in
 * `paused`. Nothing follows `closed` and `failed`.
 *
 * - `created`      assigned; waits for its turn, its changelog or the brokers
 * - `restoring`    reads from the changelog what this disk lacks
 * - `backfilling`  new and changed syncs read the stored rows
 * - `running`      processes records
 * - `paused`       processes records; the record queue is full and the partition is paused in Kafka
 * - `stopping`     delivers and stores what it has processed
 * - `closed`       its store is closed and its partition released
 * - `failed`       an error ended it
 */
export const TASK_STATES = [
  "created",
  "restoring",
  "backfilling",
  "running",
  "paused",
  "stopping",
  "closed",
  "failed",
] as const;
export type TaskState = (typeof TASK_STATES)[number];

const TRANSITIONS: { readonly [from in TaskState]: readonly TaskState[] } = {
  created: ["restoring", "backfilling", "running", "failed"],
  restoring: ["backfilling", "running", "failed"],
  backfilling: ["running", "paused", "stopping", "failed"],
  running: ["paused", "stopping", "failed"],
  paused: ["running", "stopping", "failed"],
  stopping: ["closed", "failed"],
  closed: [],
  failed: [],
};

/** The state of one task, from the assignment of its partition until it is closed. */
export class TaskLifecycle {
  #state: TaskState = "created";

  get state(): TaskState {
    return this.#state;
  }

  /** Records are accepted and processed. */
  get isActive(): boolean {
    return this.#state === "backfilling" || this.#state === "running" || this.#state === "paused";
  }

  /** Nothing follows. */
  get isEnded(): boolean {
    return TRANSITIONS[this.#state].length === 0;
  }

  /** @throws Error if the transition is not drawn above */
  transitionTo(next: TaskState): void {
    if (!TRANSITIONS[this.#state].includes(next))
      throw new Error(`a task cannot go from ${this.#state} to ${next}`);
    this.#state = next;
  }
}
