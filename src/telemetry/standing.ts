import type { TopicPartition } from "../record.ts";

/** What the parts of a pipeline say of themselves when they are asked: plain values, made at that moment. */

/** Something that is bounded: how much of it is taken, and the limit at which it stops what fills it. */
export type Fill = { readonly now: number; readonly limit: number };

/** What a task holds in memory, each with its limit (settings `limits` and `checkpoint`). */
export const FILLS = {
  queue_records: "records waiting to be processed",
  queue_bytes: "bytes of the records waiting to be processed",
  uncommitted_rows: "rows and dead letters processed and not yet stored",
  uncommitted_bytes: "bytes of the rows and dead letters not yet stored",
  lane_messages: "messages not yet delivered",
  lane_bytes: "bytes of the messages not yet delivered",
} as const;
export type Fills = { readonly [name in keyof typeof FILLS]: Fill };

/**
 * - `opening`    taken over, and waiting for its turn, its changelog or its brokers
 * - `restoring`  reading from the changelog what this disk lacks
 * - `walking`    new or changed syncs see the stored rows
 * - `running`    processing
 * - `paused`     processing, and so far behind that nothing more is fetched
 * - `stopping`   delivering what is processed, or given up
 */
export const PHASES = ["opening", "restoring", "walking", "running", "paused", "stopping"] as const;
export type Phase = (typeof PHASES)[number];

/** A restore in offsets of the changelog, which may have holes: what was read, and what there is. */
export type RestoreProgress = { readonly done: number; readonly total: number };

/** What a store takes. */
export type StoreSize = {
  /** An estimate: RocksDB counts no rows. */
  readonly entries: number;
  readonly disk_bytes: number;
  readonly memory_bytes: number;
};

/** One partition that this process has. Times are ms since 1970. */
export type TaskStanding = TopicPartition & {
  readonly phase: Phase;
  /** The next offset that is not yet processed, delivered and stored; `null` while it opens. */
  readonly position: number | null;
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
  readonly fills: Fills | null;
  readonly state: StoreSize | null;
};

/** The consumer. */
export type SourceStanding = {
  /** It is in its group now. */
  readonly isJoined: boolean;
  /** Why it is not, where it was or tried; `null` else. */
  readonly reason: string | null;
  readonly rebalances: number;
  /** New consumers in the place of one that crashed, that its group had lost, or that was silent for too long. */
  readonly restarts: { readonly crashed: number; readonly lost: number; readonly silent: number };
  /** By `topic/partition`: the offset that will be asked for next, past what is not shown (control records). */
  readonly next: ReadonlyMap<string, number>;
};

/** The gate before Segment, closed while it asks to slow down. */
export type GateStanding = {
  /** ms until it opens; 0 where it is open. */
  readonly wait_ms: number;
  /** All the time that it was closed. */
  readonly closed_ms: number;
};
