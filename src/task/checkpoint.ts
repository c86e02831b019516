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

/** Everything that a position covers; `messages` counts those of the lane. */
type Covered = {
  readonly pending: PendingState;
  readonly deadLetters: readonly DeadLetter[];
  readonly messages: number;
  /** Of its records; `null` where it covers none, such as rows that were removed by themselves. */
  readonly times: Times | null;
  /** Resolves when what other tasks have to know is in the control log. */
  readonly controlMessagesSent: Promise<void>;
};

/**
 * The durable step of one task, one at a time. The order is the guarantee: what a position covers has been delivered or
 * stands in the dead letters before the position is stored, so a crash between any two steps repeats messages, with the
 * same ids, and loses none. Storing first and delivering after lost events in every run of a crash model.
 */
export class Checkpoint {
  readonly #options: CheckpointOptions;
  #deadLetters: DeadLetter[] = [];
  #deadLetterBytes = 0;
  #stored: CheckpointRecord;
  #storedTime: number | null = null;
  /** Of what the checkpoint under way covers. */
  #covered: Times | null = null;
  #done: number | null = null;
  #last: number;
  #running: Promise<void> | null = null;

  constructor(options: CheckpointOptions) {
    this.#options = options;
    this.#stored = options.taskOffset.record;
    this.#last = options.context.clock.now();
  }

  /** Dead letters that the next checkpoint makes durable. */
  deadLetter(deadLetters: readonly DeadLetter[]): void {
    for (const deadLetter of deadLetters) {
      this.#deadLetters.push(deadLetter);
      this.#deadLetterBytes += recordBytes(deadLetter.record);
    }
  }

  /** What is durable: the position, the time of the last record below it, and when that was done. */
  get stored(): {
    readonly next: number;
    readonly time: number | null;
    readonly storedTime: number | null;
  } {
    return { next: this.#stored.next, time: this.#storedTime, storedTime: this.#done };
  }

  /** The time of the first record that was processed and is not durable; `null` where there is none. */
  get oldest(): number | null {
    return (this.#covered ?? this.#options.taskOffset.times)?.first ?? null;
  }

  get usage(): { readonly uncommitted_rows: Usage; readonly uncommitted_bytes: Usage } {
    const { rows, bytes } = this.#options.limits;
    return {
      uncommitted_rows: { now: this.#pending, limit: 2 * rows },
      uncommitted_bytes: { now: this.#bytes, limit: 2 * bytes },
    };
  }

  /** There is work, and its time has come. */
  get isDue(): boolean {
    const { context, limits } = this.#options;
    if (this.#running !== null || !this.#hasWork || this.#options.isBlocked()) return false;
    return context.clock.now() - this.#last >= limits.interval_ms || this.#exceeds(limits);
  }

  /** So much is uncommitted that nothing may be added. */
  get isBehind(): boolean {
    const { rows, bytes } = this.#options.limits;
    return this.#exceeds({ rows: 2 * rows, bytes: 2 * bytes });
  }

  /**
   * Makes durable what was processed before the call; nothing where a record is held.
   * Rejects where the lane was closed or met an error after which nothing can be delivered, and from then on: a later
   * checkpoint would store a position that covers what this one did not make durable.
   */
  async run(): Promise<void> {
    while (this.#running !== null) await this.#running;
    const { context, ports, outbox, taskOffset, isBlocked } = this.#options;
    const { clock } = context;
    if (!this.#hasWork || isBlocked()) return;
    const deadLetters = this.#deadLetters.splice(0);
    this.#deadLetterBytes = 0;
    const startedTime = clock.now();
    this.#last = startedTime;
    const controlMessagesSent = outbox.sent();
    this.#covered = taskOffset.takeTimes();
    this.#running = this.#steps({
      pending: context.state.freeze(taskOffset.record),
      deadLetters,
      messages: ports.queue.pushed,
      times: this.#covered,
      controlMessagesSent,
    });
    await this.#running;
    this.#running = null;
    this.#done = clock.now();
    this.#options.context.counters.checkpoint.observe((this.#done - startedTime) / 1_000);
  }

  /** Resolves when no checkpoint is under way, however it ended. */
  async idle(): Promise<void> {
    await this.#running?.catch(() => {});
  }

  async #steps({
    pending,
    deadLetters,
    messages,
    times,
    controlMessagesSent,
  }: Covered): Promise<void> {
    const { context, ports } = this.#options;
    // 1 deliver
    await ports.queue.settled(messages);
    await ports.deadLetters.append(deadLetters);
    await controlMessagesSent;
    // 2 changelog, 3 store
    await storePending(context, ports.changelog, pending);
    this.#stored = pending.position;
    this.#storedTime = times?.last ?? this.#storedTime;
    this.#covered = null;
    // 4 commit the group offset: for lag tools only, the stored position is the truth
    await ports.partition.commit(pending.position.next);
  }

  get #hasWork(): boolean {
    return this.#options.taskOffset.record !== this.#stored || this.#pending > 0;
  }

  get #pending(): number {
    return this.#options.context.state.uncommitted + this.#deadLetters.length;
  }

  /** Rows by the length of their text; letters hold their record. */
  get #bytes(): number {
    return this.#options.context.state.uncommittedLength + this.#deadLetterBytes;
  }

  #exceeds({ rows, bytes }: Pick<CheckpointLimits, "rows" | "bytes">): boolean {
    return this.#pending >= rows || this.#bytes >= bytes;
  }
}

/** The steps 2 and 3 of a checkpoint; a task's beginning, which has nothing to deliver, takes them alone. */
export async function storePending(
  { state, syncs }: Pick<TaskContext, "state" | "syncs">,
  changelog: OwnedChangelog | null,
  pending: PendingState,
): Promise<void> {
  const entries = await state.entriesOf(pending, syncs);
  // 2 changelog: one transaction
  const next = changelog && (await changelog.append(entries.shared));
  // 3 store: rows, position and the changelog's offset in one write batch
  await state.commit(entries, next);
}
