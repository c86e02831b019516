import type { Row } from "../data/row.ts";
import type { StoredRow } from "../data/stored-row.ts";
import type { User } from "../data/user.ts";
import type { CdcError } from "../lib/errors.ts";
import type { InitialReason } from "./initial-result.ts";
import type { ModelRule, SyncRule } from "./rules.ts";

/** What changed for a sync. */
export type ChangeReason = "added" | "changed" | "removed";

/**
 * Why a sync sends nothing:
 *
 * - `unchanged`           a member before and after; no watched column differs
 * - `initialResult`       the row existed before the sync started, and the sync skips initial results
 * - `missingUser`         the row has no user; `missingUser: ignore`
 * - `missingUserRejected` the row has no user; the record is rejected for this sync
 * - `notMember`           not a member before and after
 * - `filterFailed`        the filter failed; the membership stays as it was
 */
export type SkipReason =
  | "unchanged"
  | "initialResult"
  | "missingUser"
  | "missingUserRejected"
  | "notMember"
  | "filterFailed";

/** A change that the sync may send. */
export type Change = {
  readonly sync: SyncRule;
  readonly reason: ChangeReason;
  /** For `changed`: the watched columns that differ; `null` if the previous row is unknown. Else `null`. */
  readonly changedColumns: readonly string[] | null;
  readonly previous: Row | null;
  /** The row now. For `removed` by the filter it exists and is not a member. */
  readonly next: Row | null;
  /** Columns that the rows lack although they exist; expressions read them as null. */
  readonly absent: ReadonlySet<string>;
  /** The user of the next row; `null` for `removed`. */
  readonly user: User | null;
  /** The user of the previous row if it has been read already; else `null`, and mapping reads it if it needs it. */
  readonly previousUser: User | null;
};

export type Skip = {
  readonly sync: SyncRule;
  readonly reason: SkipReason;
  /** The user of the next row; `null` if there is no row, or it has no user, or it does not pass the filter. */
  readonly user: User | null;
  /** Why the row is an initial result; `null` for other reasons. */
  readonly initial: InitialReason | null;
};

/** The result of a record for one sync. */
export type SyncDecision = Change | Skip;

/** A model or sync that rejects the record, and why. */
export type Rejection = {
  /** Its name; a model and a sync may have the same name. */
  readonly by: string;
  readonly is: "model" | "sync";
  readonly error: CdcError;
};

/** A row to store, without the last messages of its syncs, which are known only after mapping. */
export type ClassifiedRow = Omit<StoredRow, "lastMessages">;

/** The result of a record for all syncs of its topic. */
export type Outcome = {
  /** `null` leaves the stored row as it is. */
  readonly stored: ClassifiedRow | null;
  readonly changes: readonly Change[];
  readonly skips: readonly Skip[];
  /** Models whose filter the next row passes. */
  readonly matching: readonly ModelRule[];
  readonly rejections: readonly Rejection[];
  /** The source position decreased although the commit time increased: a new or restored server. */
  readonly sourcePositionReset: boolean;
};

/** The decision for a sync; `undefined` if the sync does not read the topic. */
export function decisionOf(
  { changes, skips }: Pick<Outcome, "changes" | "skips">,
  name: string,
): SyncDecision | undefined {
  const isSync = ({ sync }: SyncDecision) => sync.name === name;
  return changes.find(isSync) ?? skips.find(isSync);
}
