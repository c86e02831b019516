import type { SyncCounts } from "../metrics/counters.ts";

/** The change that produced a message; all messages of a change share it. */
export type MessageOrigin = {
  readonly sync: string;
  /** The counts of that sync: delivery increments them without a lookup per message. */
  readonly counts: SyncCounts;
  readonly reason: "added" | "changed" | "removed";
  /** The row's key in its stored form. */
  readonly key: string;
  /** Commit time in the database, ms since 1970. */
  readonly time: number;
  /** The watched columns that differ; `null` unless the row changed and its previous values are known. */
  readonly changedColumns: readonly string[] | null;
};

/** The part of an outgoing message that the status reads. */
export type TracedMessage = {
  /** JSON. */
  readonly text: string;
  readonly record: { readonly topic: string; readonly partition: number; readonly offset: number };
  /** A redriven message has none. */
  readonly origin?: MessageOrigin;
};
