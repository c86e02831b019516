import type { Outbox } from "../coordination/outbox.ts";
import { sizeOf } from "../data/record.ts";
import type { OrderedLane } from "../deliver/outgoing.ts";
import type { DeadLetter, DeadLetters } from "../dlq/dead-letters.ts";
import type { Clock } from "../lib/clock.ts";
import type { Counters } from "../metrics/counters.ts";
import type { Usage } from "../metrics/usage.ts";
import type { OwnedChangelog } from "../state/changelog.ts";
import type { PositionRecord } from "../state/checkpoint-record.ts";
import type { SyncEntry } from "../state/sync-versions.ts";
import type { StateCut, TaskState } from "../state/task-state.ts";
import type { TaskPosition, Times } from "./task-offset.ts";

export type CheckpointLimits = {
  readonly interval_ms: number;
  readonly rows: number;
  readonly bytes: number;
};

export type CheckpointOptions = {
  readonly state: TaskState;
  readonly syncs: readonly SyncEntry[];
  readonly lane: OrderedLane;
  readonly deadLetters: DeadLetters;
  readonly outbox: Outbox;
  /** `null` where the state is on this machine's disk alone. */
  readonly changelog: OwnedChangelog | null;
  /** Where the task stands now. */
  readonly position: TaskPosition;
  /** Whether a record waits among the uncommitted rows: no position may pass it. */
  readonly isHeld: () => boolean;
  /** Tells the source that all below the offset is done. */
  readonly commit: (next: number) => Promise<void>;
  /** Longest time between two checkpoints that have work, and the uncommitted rows, and bytes, that start one before. */
  readonly limits: CheckpointLimits;
  readonly clock: Clock;
  readonly counters: Counters;
};

/** Everything that a position covers; `messages` counts those of the lane. */
type Covered = {
  readonly cut: StateCut;
  readonly letters: readonly DeadLetter[];
  readonly messages: number;
  /** Of its records; `null` where it covers none, such as rows that were removed by themselves. */
  readonly times: Times | null;
  /** Resolves when what other tasks have to know is in the control log. */
  readonly lettersSent: Promise<void>;
};

/**
 * The durable step of one task, one at a time. The order is the guarantee: what a position covers has been delivered or
 * stands in the dead letters before the position is stored, so a crash between any two steps repeats messages, with the
 * same ids, and loses none. Storing first and delivering after lost events in every run of a crash model.
 */
export class Checkpoint {
  readonly #options: CheckpointOptions;
  #letters: DeadLetter[] = [];
  #letterBytes = 0;
  #stored: PositionRecord;
  #storedTime: number | null = null;
  /** Of what the checkpoint under way covers. */
  #covered: Times | null = null;
  #done: number | null = null;
  #last: number;
  #running: Promise<void> | null = null;

  constructor(options: CheckpointOptions) {
    this.#options = options;
    this.#stored = options.position.record;
    this.#last = options.clock.now();
  }

  /** Dead letters that the next checkpoint makes durable. */
  setAside(letters: readonly DeadLetter[]): void {
    for (const letter of letters) {
      this.#letters.push(letter);
      this.#letterBytes += sizeOf(letter.record);
    }
  }

  /** What is durable: the position, the time of the last record below it, and when that was done. */
  get stored(): {
    readonly next: number;
    readonly time: number | null;
    readonly at: number | null;
  } {
    return { next: this.#stored.next, time: this.#storedTime, at: this.#done };
  }

  /** The time of the first record that was processed and is not durable; `null` where there is none. */
  get oldest(): number | null {
    return (this.#covered ?? this.#options.position.times)?.first ?? null;
  }

  get fills(): { readonly uncommitted_rows: Usage; readonly uncommitted_bytes: Usage } {
    const { rows, bytes } = this.#options.limits;
    return {
      uncommitted_rows: { now: this.#pending, limit: 2 * rows },
      uncommitted_bytes: { now: this.#bytes, limit: 2 * bytes },
    };
  }

  /** There is work, and its time has come. */
  get isDue(): boolean {
    const { clock, limits } = this.#options;
    if (this.#running !== null || !this.#hasWork || this.#options.isHeld()) return false;
    return clock.now() - this.#last >= limits.interval_ms || this.#exceeds(limits);
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
    const { state, lane, outbox, position, isHeld, clock } = this.#options;
    if (!this.#hasWork || isHeld()) return;
    const letters = this.#letters.splice(0);
    this.#letterBytes = 0;
    const began = clock.now();
    this.#last = began;
    const lettersSent = outbox.sent();
    this.#covered = position.cut();
    this.#running = this.#steps({
      cut: state.cut(position.record),
      letters,
      messages: lane.pushed,
      times: this.#covered,
      lettersSent,
    });
    await this.#running;
    this.#running = null;
    this.#done = clock.now();
    this.#options.counters.checkpoint.observe((this.#done - began) / 1_000);
  }

  /** Resolves when no checkpoint is under way, however it ended. */
  async idle(): Promise<void> {
    await this.#running?.catch(() => {});
  }

  async #steps({ cut, letters, messages, times, lettersSent }: Covered): Promise<void> {
    const { state, syncs, lane, deadLetters, changelog, commit } = this.#options;
    // 1 deliver
    await lane.settled(messages);
    await deadLetters.append(letters);
    await lettersSent;
    // 2 changelog, 3 store
    await keep({ state, syncs, changelog }, cut);
    this.#stored = cut.position;
    this.#storedTime = times?.last ?? this.#storedTime;
    this.#covered = null;
    // 4 commit the group offset: for lag tools only, the stored position is the truth
    await commit(cut.position.next);
  }

  get #hasWork(): boolean {
    return this.#options.position.record !== this.#stored || this.#pending > 0;
  }

  get #pending(): number {
    return this.#options.state.uncommitted + this.#letters.length;
  }

  /** Rows by the length of their text; letters hold their record. */
  get #bytes(): number {
    return this.#options.state.uncommittedLength + this.#letterBytes;
  }

  #exceeds({ rows, bytes }: Pick<CheckpointLimits, "rows" | "bytes">): boolean {
    return this.#pending >= rows || this.#bytes >= bytes;
  }
}

/** The steps 2 and 3 of a checkpoint; a task's beginning, which has nothing to deliver, takes them alone. */
export async function keep(
  { state, syncs, changelog }: Pick<CheckpointOptions, "state" | "syncs" | "changelog">,
  cut: StateCut,
): Promise<void> {
  const entries = await state.entriesOf(cut, syncs);
  // 2 changelog: one transaction
  const next = changelog && (await changelog.append(entries.shared));
  // 3 store: rows, position and the changelog's offset in one write batch
  await state.commit(entries, next);
}
