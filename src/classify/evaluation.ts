import type { RowEvent } from "../data/event.ts";
import type { Row } from "../data/row.ts";
import type { StoredRow } from "../data/stored-row.ts";
import type { User } from "../data/user.ts";
import { CdcError } from "../lib/errors.ts";
import { type ComparisonContext, changedColumns, hasChanged } from "./changed-columns.ts";
import type { Change, Rejection, Skip, SkipReason } from "./decision.ts";
import { type InitialReason, type RecordContext, whyInitial } from "./initial-result.ts";
import type { ModelRule, SyncRule } from "./rules.ts";

/** A row before and after a record. The same for all models. */
export type RowTransition = ComparisonContext & {
  readonly previous: StoredRow | null;
  /** The previous row: the stored one, else the record's `before`. */
  readonly before: Row | null;
  readonly event: RowEvent;
  readonly recordContext: RecordContext;
  readonly next: Row | null;
  /** Columns of the next row whose value is unknown. */
  readonly absent: ReadonlySet<string>;
};

/** The row and the membership of a sync before the record. */
type Earlier = {
  readonly wasMember: boolean;
  /** Commit time at which the membership started; 0 if unknown. */
  readonly since: number;
  readonly row: Row | null;
  /** The user of the row, if it had to be read; else `null`. */
  readonly user: User | null;
};

const NONE: ReadonlySet<string> = new Set();

/** Collects the decisions for all syncs, model by model. */
export class Evaluation {
  readonly changes: Change[] = [];
  readonly skips: Skip[] = [];
  readonly matching: ModelRule[] = [];
  readonly rejections: Rejection[] = [];
  readonly members: number[] = [];
  readonly since: number[] = [];
  readonly pinned: { readonly sync: number; readonly row: Row }[] = [];
  readonly #transition: RowTransition;

  constructor(transition: RowTransition) {
    this.#transition = transition;
  }

  /**
   * The filter failed: memberships stay as they were. If another model stores the row, the members keep the row that
   * they know as a pinned row.
   */
  retainMembers(model: ModelRule, error: CdcError): void {
    this.rejections.push({ by: model.name, is: "model", error });
    for (const sync of model.syncs) {
      this.#skip(sync, "filterFailed", null);
      const { wasMember, since, row } = this.#earlier(model, sync);
      if (!wasMember) continue;
      this.#addMember(sync, since);
      if (row !== null) this.pinned.push({ sync: sync.number, row });
    }
  }

  /** @param isMatching whether there is a next row that passes the filter */
  evaluate(model: ModelRule, isMatching: boolean): void {
    if (isMatching) this.matching.push(model);
    for (const sync of model.syncs) this.#evaluate(sync, isMatching, this.#earlier(model, sync));
  }

  #evaluate(sync: SyncRule, isMatching: boolean, earlier: Earlier): void {
    const { wasMember, since, row } = earlier;
    const { event, recordContext, next, absent } = this.#transition;
    const user = isMatching && next !== null ? sync.user(next, absent) : null;
    const isMember = user !== null;
    if (isMember) this.#addMember(sync, wasMember || recordContext.keyChanged ? since : event.time);
    if (!wasMember && !(isMember && recordContext.keyChanged)) {
      if (isMember) this.#change(sync, "added", earlier, null, user);
      else if (isMatching && next !== null) this.#missingUser(sync, next);
      else this.#skip(sync, "notMember", null);
    } else if (!isMember) this.#change(sync, "removed", earlier, null, null);
    else {
      const columns =
        row === null || next === null
          ? null
          : changedColumns(sync.watched, row, next, this.#transition);
      if (columns?.length === 0) this.#skip(sync, "unchanged", user);
      else this.#change(sync, "changed", earlier, columns, user);
    }
  }

  #change(
    sync: SyncRule,
    reason: Change["reason"],
    { row: previous, user: previousUser }: Earlier,
    changedColumns: Change["changedColumns"],
    user: User | null,
  ): void {
    const initial = this.#skippedInitial(sync);
    if (initial !== null) return this.#skip(sync, "initialResult", user, initial);
    const { next, absent } = this.#transition;
    const change = { sync, reason, changedColumns, previous, next, absent, user, previousUser };
    this.changes.push(change);
  }

  /** A row without a user is rejected only if it differs from the previous row: a repeated read is not rejected again. */
  #missingUser(sync: SyncRule, next: Row): void {
    const { before } = this.#transition;
    const isNew = before === null || hasChanged(before, next, this.#transition);
    if (!isNew || this.#skippedInitial(sync) !== null) return this.#skip(sync, "notMember", null);
    const error = sync.missingUser(next);
    if (error) this.rejections.push({ by: sync.name, is: "sync", error });
    this.#skip(sync, error ? "missingUserRejected" : "missingUser", null);
  }

  #skip(
    sync: SyncRule,
    reason: SkipReason,
    user: User | null,
    initial: InitialReason | null = null,
  ): void {
    this.skips.push({ sync, reason, user, initial });
  }

  #earlier(model: ModelRule, sync: SyncRule): Earlier {
    const { previous, before } = this.#transition;
    if (previous === null) {
      const user = userBefore(model, sync, before);
      return { wasMember: user !== null, since: 0, row: before, user };
    }
    const index = previous.members.indexOf(sync.number);
    const pinned = previous.pinned.find(({ sync: number }) => number === sync.number);
    return {
      wasMember: index !== -1,
      since: previous.since[index] ?? 0,
      row: pinned?.row ?? before,
      user: null,
    };
  }

  #addMember({ number }: SyncRule, since: number): void {
    this.members.push(number);
    this.since.push(since);
  }

  /** Why the row is an initial result that the sync skips; `null` if the sync sends the change. */
  #skippedInitial(sync: SyncRule): InitialReason | null {
    const { previous, event, recordContext } = this.#transition;
    return sync.initialResults === "skip" ? whyInitial(previous, event, recordContext, sync) : null;
  }
}

/** The user of a row known only from `before`, if it was a member; it was not if the filter fails. */
function userBefore(model: ModelRule, sync: SyncRule, before: Row | null): User | null {
  const wasMatching = before !== null && matchOf(model, before, NONE) === true;
  return wasMatching ? sync.user(before, NONE) : null;
}

/** Whether the row passes the model's filter, or the error of the filter. */
export function matchOf(
  model: ModelRule,
  next: Row,
  absent: ReadonlySet<string>,
): boolean | CdcError {
  try {
    return model.matches(next, absent);
  } catch (error) {
    if (error instanceof CdcError) return error;
    throw error;
  }
}
