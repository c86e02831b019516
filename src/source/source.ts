import type { SourceRecord, TopicPartition } from "../data/record.ts";
import type { CdcError } from "../lib/errors.ts";

/** The port that records come in by: Kafka for `run`, a recorded file for `replay`, a fake in tests. */
export interface Source {
  /** Starts to deliver. Resolves after the first assignment; rejects if there cannot be one. */
  start(listener: SourceListener): Promise<void>;
  /** Delivers no more records of the partition until `resume`. Records already on their way may still arrive. */
  pause(tp: TopicPartition): void;
  resume(tp: TopicPartition): void;
  /** The next delivered record of the partition is the first at or after `offset`. */
  seek(tp: TopicPartition, offset: number): void;
  /** The offsets in the partition's log; `null` for a recorded file. */
  range(tp: TopicPartition): Promise<LogRange | null>;
  /** All partitions of the topic, whichever process owns them; for a recorded file, those that have occurred. */
  partitions(topic: string): Promise<readonly number[]>;
  /** Whether the group assigns the partition to this process now. `false` during a rebalance and if no broker responds. */
  owns(tp: TopicPartition): Promise<boolean>;
  /** Commits the group offset. Only lag tools and the next owner read it: the stored offset is the truth. */
  commit(tp: TopicPartition, offset: number): Promise<void>;
  /** Delivers no more records and releases the partitions. */
  stop(): Promise<void>;
}

/** Of a partition's log: the first offset, the offset of the next record, and the group's committed offset. */
export type LogRange = {
  readonly start: number;
  readonly end: number;
  readonly committed: number | null;
};

/** Receives the records and events of a source. No method may throw. */
export interface SourceListener {
  /** All partitions that are owned now. A new one is paused until the listener sets its offset and resumes it. */
  assigned(partitions: readonly TopicPartition[]): void;
  /** Records of one partition in the order of their offsets. Only queues them: processing happens elsewhere. */
  records(records: readonly SourceRecord[]): void;
  /** Resolves when all records delivered so far are processed. A file waits for it, so that its order is preserved. */
  processed(): Promise<void>;
  /** The end of the source (a file) is reached. */
  ended(): void;
  /** The source cannot continue. */
  failed(error: CdcError): void;
}

/** The state of a Kafka consumer. */
export type SourceStatus = {
  /** Whether it is a member of its group now. */
  readonly isJoined: boolean;
  /** Why it is not, after a join or an attempt; `null` otherwise. */
  readonly reason: string | null;
  readonly rebalances: number;
  /** Consumers that replaced one that crashed, was removed from its group, or stalled. */
  readonly restarts: { readonly crashed: number; readonly lost: number; readonly stalled: number };
  /** The next offset to fetch by `topic/partition`; it also passes records that are not delivered (control records). */
  readonly next: ReadonlyMap<string, number>;
};
