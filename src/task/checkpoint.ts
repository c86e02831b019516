import type { DeadLetter, DeadLetters } from "../deliver/dead-letters.ts";
import type { SyncEntry } from "../state/position-record.ts";
import type { Cut, TaskState } from "../state/task-state.ts";
import type { OrderedLane } from "./task.ts";

export type CheckpointOptions = {
  readonly state: TaskState;
  readonly syncs: readonly SyncEntry[];
  readonly lane: OrderedLane;
  readonly deadLetters: DeadLetters;
  /** Tells the source that all below the offset is done. */
  readonly commit: (next: number) => Promise<void>;
};

/** Everything that a position covers. */
export type Covered = {
  readonly cut: Cut;
  readonly letters: readonly DeadLetter[];
  /** How many messages of the lane are covered. */
  readonly messages: number;
};

/**
 * The durable step. The order is the guarantee: what a position covers has been delivered or stands in the dead letters
 * before the position is stored, so a crash between any two steps repeats messages, with the same ids, and loses none.
 * Storing first and delivering after lost events in every run of a crash model.
 */
export async function checkpoint(
  { state, syncs, lane, deadLetters, commit }: CheckpointOptions,
  { cut, letters, messages }: Covered,
): Promise<void> {
  // 1 deliver
  await lane.settled(messages);
  await deadLetters.append(letters);
  // 2 changelog: comes with the restore that reads it
  // 3 store: rows and position in one write batch
  await state.commit(cut, syncs);
  // 4 commit the group offset: for lag tools only, the stored position is the truth
  await commit(cut.position.next);
}
