import type { Outbox } from "../coordination/outbox.ts";
import { recordBytes } from "../data/record.ts";
import type { DeadLetter } from "../dlq/dead-letters.ts";
import type { Usage } from "../metrics/usage.ts";
import type { OwnedChangelog } from "../state/changelog.ts";
import type { CheckpointRecord } from "../state/checkpoint-record.ts";
import type { PendingState } from "../state/task-store.ts";
import type { TaskContext, TaskPorts } from "./task-context.ts";
import type { TaskOffset, Times } from "./task-offset.ts";

export type CheckpointLimits = {
  readonly interval_ms: number;
  readonly rows: number;
  readonly bytes: number;
};

export type CheckpointOptions = {
  readonly context: TaskContext;
  readonly ports: TaskPorts;
  readonly taskOffset: TaskOffset;
  readonly outbox: Outbox;
  /** Whether an uncommitted row waits for another task: no stored offset may pass it. */
  readonly isBlocked: () => boolean;
  /** A checkpoint starts after `interval_ms`, or earlier at this number of uncommitted rows or bytes. */
  readonly limits: CheckpointLimits;
};

/** Everything that the checkpoint's offset covers. */
type Covered = {
  readonly version: number;
  readonly pending: PendingState;
  readonly deadLetters: readonly DeadLetter[];
  /** How many messages had entered the delivery queue. */
  readonly messages: number;
  /** `null` if it covers no record, only rows that were removed in bulk. */
  readonly times: Times | null;
  /** Resolves when the control messages for other tasks are durable. */
  readonly controlMessagesSent: Promise<void>;
};

/**
 * The durable step of a task: 1 deliver, 2 changelog, 3 store, 4 commit. One checkpoint runs at a time.
 *
 * The order is the guarantee. Messages are delivered, and rejected records are in the dead letter queue, before the
 * offset that covers them is stored. A crash between two steps repeats messages with the same ids and loses none.
 *
 * | crash         | after the restart                                                                     |
 * |---------------|---------------------------------------------------------------------------------------|
 * | before 1 ends | records are processed again; Segment receives the same message ids                    |
 * | before 2 ends | the same                                                                              |
 * | before 3 ends | the store is restored from the changelog, which already has the rows and the offset   |
 * | before 4 ends | nothing: the stored offset is the truth, the group offset is only for lag tools       |
 *
 * Storing before delivering lost messages in every run of a crash model.
 */
export class Checkpoint {
  readonly #options: CheckpointOptions;
  #deadLetters: DeadLetter[] = [];
  #deadLetterBytes = 0;
  #stored: CheckpointRecord;
  #storedVersion: number;
  /** Time of the last stored record. */
  #storedTime: number | null = null;
  /** Times of the records that the running checkpoint covers. */
  #coveredTimes: Times | null = null;
  #lastStarted: number;
  #lastEnded: number | null = null;
  #running: Promise<void> | null = null;

  constructor(options: CheckpointOptions) {
    this.#options = options;
    this.#stored = options.taskOffset.record;
    this.#storedVersion = options.taskOffset.version;
    this.#lastStarted = options.context.clock.now();
  }

  /** Adds dead letters to the next checkpoint. */
  addDeadLetters(deadLetters: readonly DeadLetter[]): void {
    for (const deadLetter of deadLetters) {
      this.#deadLetters.push(deadLetter);
      this.#deadLetterBytes += recordBytes(deadLetter.record);
    }
  }

  /** The stored offset, the time of the last record below it, and the end of the last checkpoint. */
  get stored(): {
    readonly next: number;
    readonly time: number | null;
    readonly storedTime: number | null;
  } {
    return { next: this.#stored.next, time: this.#storedTime, storedTime: this.#lastEnded };
  }

  /** The time of the first record that is processed and not stored; `null` if there is none. */
  get oldest(): number | null {
    return (this.#coveredTimes ?? this.#options.taskOffset.times)?.first ?? null;
  }

  get usage(): { readonly uncommitted_rows: Usage; readonly uncommitted_bytes: Usage } {
    const { rows, bytes } = this.#options.limits;
    return {
      uncommitted_rows: { used: this.#uncommitted, limit: 2 * rows },
      uncommitted_bytes: { used: this.#uncommittedBytes, limit: 2 * bytes },
    };
  }

  /** There is work, and the interval has passed or a limit is exceeded. */
  get isDue(): boolean {
    const { context, limits } = this.#options;
    if (this.#running !== null || !this.#hasWork || this.#options.isBlocked()) return false;
    return context.clock.now() - this.#lastStarted >= limits.interval_ms || this.#exceeds(limits);
  }

  /** Uncommitted rows have reached twice their limit: nothing may be added. */
  get isFull(): boolean {
    const { rows, bytes } = this.#options.limits;
    return this.#exceeds({ rows: 2 * rows, bytes: 2 * bytes });
  }

  /**
   * Makes everything processed before the call durable, unless a row waits for another task.
   * After a rejection every later call rejects too: it would store an offset that covers records that are not durable.
   */
  async run(): Promise<void> {
    while (this.#running !== null) await this.#running;
    const { context, isBlocked } = this.#options;
    if (!this.#hasWork || isBlocked()) return;
    const startedTime = context.clock.now();
    this.#lastStarted = startedTime;
    const covered = this.#cover();
    this.#coveredTimes = covered.times;
    this.#running = this.#steps(covered);
    await this.#running;
    this.#running = null;
    this.#lastEnded = context.clock.now();
    context.counters.checkpoint.observe((this.#lastEnded - startedTime) / 1_000);
  }

  /** Resolves when no checkpoint is running, however it ended. */
  async idle(): Promise<void> {
    await this.#running?.catch(() => {});
  }

  /** Takes everything processed so far; later work belongs to the next checkpoint. */
  #cover(): Covered {
    const { context, ports, outbox, taskOffset } = this.#options;
    const deadLetters = this.#deadLetters.splice(0);
    this.#deadLetterBytes = 0;
    return {
      version: taskOffset.version,
      pending: context.state.freeze(taskOffset.record),
      deadLetters,
      messages: ports.queue.pushed,
      times: taskOffset.takeTimes(),
      controlMessagesSent: outbox.sent(),
    };
  }

  async #steps(covered: Covered): Promise<void> {
    const { context, ports } = this.#options;
    const { pending, times } = covered;
    // 1 deliver
    await ports.queue.settled(covered.messages);
    await ports.deadLetters.append(covered.deadLetters);
    await covered.controlMessagesSent;
    // 2 changelog, 3 store
    await storePending(context, ports.changelog, pending);
    this.#stored = pending.checkpoint;
    this.#storedVersion = covered.version;
    this.#storedTime = times?.last ?? this.#storedTime;
    this.#coveredTimes = null;
    // 4 commit
    await ports.partition.commit(pending.checkpoint.next);
  }

  get #hasWork(): boolean {
    return this.#options.taskOffset.version !== this.#storedVersion || this.#uncommitted > 0;
  }

  get #uncommitted(): number {
    return this.#options.context.state.uncommitted + this.#deadLetters.length;
  }

  /** Rows count as the characters of their stored text, dead letters as the bytes of their record. */
  get #uncommittedBytes(): number {
    return this.#options.context.state.uncommittedLength + this.#deadLetterBytes;
  }

  #exceeds({ rows, bytes }: Pick<CheckpointLimits, "rows" | "bytes">): boolean {
    return this.#uncommitted >= rows || this.#uncommittedBytes >= bytes;
  }
}

/** Steps 2 and 3. A task that starts runs them alone: it has nothing to deliver. */
export async function storePending(
  { state, syncs }: Pick<TaskContext, "state" | "syncs">,
  changelog: OwnedChangelog | null,
  pending: PendingState,
): Promise<void> {
  const entries = await state.entriesOf(pending, syncs);
  // 2 changelog: one transaction
  const next = changelog && (await changelog.append(entries.shared));
  // 3 store: rows, offset and changelog offset in one write batch
  await state.commit(entries, next);
}
