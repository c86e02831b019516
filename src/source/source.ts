import type { SourceRecord, TopicPartition } from "../data/record.ts";
import type { CdcError } from "../lib/errors.ts";

/** The port for where records come from: Kafka under `run`, a recorded file under `replay`, a fake in tests. */
export interface Source {
  /** Starts to deliver. Resolves once the first assignment was announced; rejects where that can never be. */
  start(listener: SourceListener): Promise<void>;
  /** Delivers nothing more of the partition until it is resumed. What is already on its way may still arrive. */
  pause(tp: TopicPartition): void;
  resume(tp: TopicPartition): void;
  /** The next record delivered of the partition is the first at or after `offset`. */
  seek(tp: TopicPartition, offset: number): void;
  /** The partition's log; a recorded file has none. */
  range(tp: TopicPartition): Promise<LogRange | null>;
  /** All partitions of the topic, owned by whomever; of a recorded file those that were seen. */
  partitions(topic: string): Promise<readonly number[]>;
  /** Whether the group, asked now, has the partition here; not while it shares out anew, or where it does not answer. */
  owns(tp: TopicPartition): Promise<boolean>;
  /** Notes for the outside (lag tools, the next owner) that all below `offset` is done. The store's position is the truth. */
  commit(tp: TopicPartition, offset: number): Promise<void>;
  /** Delivers nothing more and gives the partitions back. */
  stop(): Promise<void>;
}

/** A partition's log: its first offset, the one that the next record will get, and what its group has committed. */
export type LogRange = {
  readonly start: number;
  readonly end: number;
  readonly committed: number | null;
};

/** What a source tells. No method may throw. */
export interface SourceListener {
  /** The partitions now owned, all of them. Those that are new stay paused until the listener has sought and resumed them. */
  assigned(partitions: readonly TopicPartition[]): void;
  /** Records of one partition, in the order of their offsets. Only takes them in; work happens elsewhere. */
  records(records: readonly SourceRecord[]): void;
  /** Resolves when everything taken in so far has been processed. A file asks before it reads on, so that its order holds. */
  processed(): Promise<void>;
  /** The source has an end (a file) and it was reached. */
  ended(): void;
  /** The source cannot go on. */
  failed(error: CdcError): void;
}

/** The consumer. */
export type SourceStatus = {
  /** It is in its group now. */
  readonly isJoined: boolean;
  /** Why it is not, where it was or tried; `null` else. */
  readonly reason: string | null;
  readonly rebalances: number;
  /** New consumers in the place of one that crashed, that its group had lost, or that was silent for too long. */
  readonly restarts: { readonly crashed: number; readonly lost: number; readonly stalled: number };
  /** By `topic/partition`: the offset that will be asked for next, past what is not shown (control records). */
  readonly next: ReadonlyMap<string, number>;
};
