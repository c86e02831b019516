import type { Row } from "../data/row.ts";
import type { StoredRow } from "../data/stored-row.ts";
import type { CdcError } from "../lib/errors.ts";
import type { SyncRule } from "./rules.ts";

/** What happened to a row in the eyes of one sync. */
export type Change = {
  readonly sync: SyncRule;
  readonly kind: "added" | "changed" | "removed";
  readonly previous: Row | null;
  /** The row now. On `removed` by the filter it exists and is no member. */
  readonly next: Row | null;
  /** Known columns that the rows lack; expressions see them as null. */
  readonly absent: ReadonlySet<string>;
};

/** A model or sync that could not take the row, and why. */
export type Rejection = {
  /** Its name; a model and a sync may have the same one. */
  readonly by: string;
  readonly is: "model" | "sync";
  readonly error: CdcError;
};

export type Outcome = {
  readonly decision: "applied" | "stale";
  /** What the store keeps from now on; `null` leaves it as it is. */
  readonly stored: StoredRow | null;
  readonly changes: readonly Change[];
  readonly rejections: readonly Rejection[];
  /** Syncs of which the row is a member, and nothing watched differs: a call not made for each. */
  readonly unchanged: readonly SyncRule[];
  /** Syncs to which a change is not sent because the row was there before they began. */
  readonly initial: readonly SyncRule[];
  /** Rows that a sync passed over for want of a user, as it was told to. */
  readonly usersIgnored: number;
  /** The position went back although time went on: a new or restored server. */
  readonly sourcePositionReset: boolean;
};
