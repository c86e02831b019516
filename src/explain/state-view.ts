import type { TopicPartition } from "../data/record.ts";
import type { StoredRow } from "../data/stored-row.ts";
import type { CheckpointRecord } from "../state/checkpoint-record.ts";
import type { SyncEntry } from "../state/sync-versions.ts";
import type { TopicTopology } from "../topology/topology.ts";

/** One partition's state, as far as a person may look into it: it only reads. */
export type StateView = {
  readonly tp: TopicPartition;
  readonly topicTopology: TopicTopology;
  /** The syncs by their numbers in the stored rows. */
  readonly syncs: readonly SyncEntry[];
  /** Where it has processed to. */
  readonly checkpoint: CheckpointRecord;
  /** The next offset that is not durable: what lies below is delivered. */
  readonly durable: number;
  row(key: string): Promise<RowLookup>;
};

export type RowLookup = {
  readonly row: StoredRow | null;
  /** Whether it is in the store, or waits to be written. */
  readonly isStored: boolean;
};
