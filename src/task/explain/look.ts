import type { TopicPartition } from "../../record.ts";
import type { PositionRecord } from "../../state/position-record.ts";
import type { SyncEntry } from "../../state/sync-registry.ts";
import type { StoredRow } from "../../stored-row.ts";
import type { TopicPlan } from "../plan.ts";

/** One partition's state, as far as a person may look into it: it only reads. */
export type Look = {
  readonly at: TopicPartition;
  readonly plan: TopicPlan;
  /** The syncs by their numbers in the stored rows. */
  readonly syncs: readonly SyncEntry[];
  /** Where it has processed to. */
  readonly position: PositionRecord;
  /** The next offset that is not durable: what lies below is delivered. */
  readonly durable: number;
  row(key: string): Promise<LookedUp>;
};

export type LookedUp = {
  readonly row: StoredRow | null;
  /** Whether it is in the store, or waits to be written. */
  readonly isStored: boolean;
};
