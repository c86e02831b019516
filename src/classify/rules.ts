import type { Row } from "../data/row.ts";
import type { CdcError } from "../lib/errors.ts";

/** A model as far as classifying needs it: which rows belong, and the syncs that look at them. */
export type ModelRule = {
  readonly name: string;
  /** Throws CdcError FILTER_FAILED where the filter cannot decide. `absent`: known columns that the row lacks. */
  readonly matches: (row: Row, absent: ReadonlySet<string>) => boolean;
  readonly syncs: readonly SyncRule[];
};

export type SyncRule = {
  readonly name: string;
  /** The sync's number in the stored rows of this task. */
  readonly number: number;
  /** Columns whose difference makes a row changed. */
  readonly watched: readonly string[] | "*";
  /** Whether the row has a usable userId or anonymousId. */
  readonly hasUser: (row: Row, absent: ReadonlySet<string>) => boolean;
  /** What a member but for its user is refused with; `null` where that is to be ignored. */
  readonly missingUser: (row: Row) => CdcError | null;
  readonly initialResults: "skip" | "send";
  /** The partition's end when the sync first started there: records below it were there before. */
  readonly boundary: number;
};
