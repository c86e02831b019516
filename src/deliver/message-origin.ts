import type { SyncCounts } from "../metrics/counters.ts";

/** Why a message is sent: it goes with the message, one for all messages of a change. */
export type MessageOrigin = {
  readonly sync: string;
  /** The counts of that sync, so that nobody looks them up for each message. */
  readonly counts: SyncCounts;
  readonly kind: "added" | "changed" | "removed";
  /** The row's key, as the store has it. */
  readonly key: string;
  /** Commit time in the database, ms since 1970. */
  readonly time: number;
  /**
   * The columns that changed. Asked of the latest messages alone, and forgotten of the others when they are handed to
   * their lane: behind it stand two rows.
   */
  columns: (() => readonly string[]) | null;
};

/** A message on its way to Segment, as far as telemetry looks at it. */
export type TracedMessage = {
  /** As it stands in the batch. */
  readonly text: string;
  readonly record: { readonly topic: string; readonly partition: number; readonly offset: number };
  /** None where a message is sent as it stood in a dead letter. */
  readonly origin?: MessageOrigin;
};
