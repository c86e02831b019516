import type { SourcePosition } from "../data/event.ts";

/**
 * A row on its way from its old primary key to its new one: the task of the delete gives it, the task of the create
 * takes it. Both tell of one change, so both have the same position.
 */
export type HandOver = {
  /** The old and the new key, as canonical JSON. */
  readonly from: string;
  readonly to: string;
  readonly position: SourcePosition | null;
  /** Commit time of the change, ms since 1970. */
  readonly time: number;
  /** The stored row as its codec writes it, or `null` where the old key was never seen. */
  readonly row: string | null;
  /** Names of the syncs by their numbers in `row`: each task numbers them for itself. */
  readonly syncs: readonly string[];
  /** When it was given, ms since 1970. */
  readonly at: number;
};
