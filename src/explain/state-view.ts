import type { TopicPartition } from "../data/record.ts";
import type { StoredRow } from "../data/stored-row.ts";
import type { CheckpointRecord } from "../state/checkpoint-record.ts";
import type { SyncEntry } from "../state/sync-versions.ts";
import type { TopicTopology } from "../topology/topology.ts";

/** A read-only view of one partition's state. */
export type StateView = {
  readonly tp: TopicPartition;
  readonly topicTopology: TopicTopology;
  /** Indexed by the sync numbers in stored rows. */
  readonly syncs: readonly SyncEntry[];
  /** The state of processing, which may be ahead of the stored checkpoint. */
  readonly checkpoint: CheckpointRecord;
  /** The stored next offset: everything below it is delivered. */
  readonly durable: number;
  row(key: string): Promise<RowLookup>;
};

export type RowLookup = {
  readonly row: StoredRow | null;
  /** Whether the row is in the store, or waits for the next checkpoint. */
  readonly isStored: boolean;
};
