import type { Row } from "../data/row.ts";
import type { User } from "../data/user.ts";
import type { CdcError } from "../lib/errors.ts";

/** What `classify` needs of a model: its filter and its syncs. */
export type ModelRule = {
  readonly name: string;
  /**
   * @param absent columns that exist and that the row lacks
   * @throws CdcError FILTER_FAILED
   */
  readonly matches: (row: Row, absent: ReadonlySet<string>) => boolean;
  readonly syncs: readonly SyncRule[];
};

export type SyncRule = {
  readonly name: string;
  /** The number of the sync in the stored rows of this task. */
  readonly number: number;
  /** A difference in one of these columns makes a member changed. */
  readonly watched: readonly string[] | "*";
  /** The user of a row; `null` if it has no usable userId and no anonymousId. */
  readonly user: (row: Row, absent: ReadonlySet<string>) => User | null;
  /** The error that rejects a row without a user; `null` for `missingUser: ignore`. */
  readonly missingUser: (row: Row) => CdcError | null;
  readonly initialResults: "skip" | "send";
  /** The end of the partition when the sync first started there: records below it are initial results. */
  readonly boundary: number;
};
