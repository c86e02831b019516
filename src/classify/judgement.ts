import type { RowEvent } from "../data/event.ts";
import type { Row } from "../data/row.ts";
import type { StoredRow } from "../data/stored-row.ts";
import { CdcError } from "../lib/errors.ts";
import { hasChanged } from "./changed-columns.ts";
import { type RecordContext, whyInitial } from "./initial-result.ts";
import type { Change, Rejection } from "./outcome.ts";
import type { ModelRule, SyncRule } from "./rules.ts";

/** A row before and after a record, as all models see it. */
export type RowTransition = {
  readonly previous: StoredRow | null;
  /** The previous row: the store's, else what the record says of it. */
  readonly before: Row | null;
  readonly event: RowEvent;
  readonly recordContext: RecordContext;
  readonly next: Row | null;
  /** Columns of the next row whose value nobody knows. */
  readonly absent: ReadonlySet<string>;
};

/** What a sync knew of the row before. */
type Earlier = {
  readonly wasMember: boolean;
  /** Commit time at which it became one; 0 where nobody knows. */
  readonly since: number;
  readonly known: Row | null;
};

const NONE: ReadonlySet<string> = new Set();

/** What a record comes to, gathered sync by sync. */
export class Evaluation {
  readonly changes: Change[] = [];
  readonly rejections: Rejection[] = [];
  readonly members: number[] = [];
  readonly since: number[] = [];
  readonly pinned: { readonly sync: number; readonly row: Row }[] = [];
  readonly unchanged: SyncRule[] = [];
  readonly initial: SyncRule[] = [];
  usersIgnored = 0;
  readonly #transition: RowTransition;

  constructor(transition: RowTransition) {
    this.#transition = transition;
  }

  /**
   * The model's filter cannot decide: row and memberships stay as they are for it. Should another model store the row,
   * a member goes on from the one that it knows.
   */
  retainUndecided(model: ModelRule, error: CdcError): void {
    this.rejections.push({ by: model.name, is: "model", error });
    for (const sync of model.syncs) {
      const { wasMember, since, known } = this.#earlier(model, sync);
      if (!wasMember) continue;
      this.#keepMember(sync, since);
      if (known !== null) this.pinned.push({ sync: sync.number, row: known });
    }
  }

  /** @param belongs whether the next row is there and passes the model's filter */
  evaluate(model: ModelRule, belongs: boolean): void {
    for (const sync of model.syncs) this.#evaluate(sync, belongs, this.#earlier(model, sync));
  }

  #evaluate(sync: SyncRule, belongs: boolean, { wasMember, since, known }: Earlier): void {
    const { event, recordContext, next, absent } = this.#transition;
    const isMember = belongs && next !== null && sync.hasUser(next, absent);
    if (isMember)
      this.#keepMember(sync, wasMember || recordContext.keyChanged ? since : event.time);
    const kind = kindOf(wasMember || (isMember && recordContext.keyChanged === true), isMember);
    if (kind === null) {
      if (belongs && next !== null) this.#missUser(sync, next);
    } else if (kind === "changed" && !this.#hasChanged(sync.watched, known))
      this.unchanged.push(sync);
    else if (this.#isSkipped(sync)) this.initial.push(sync);
    else this.changes.push({ sync, kind, previous: known, next, absent });
  }

  #earlier(model: ModelRule, sync: SyncRule): Earlier {
    const { previous, before } = this.#transition;
    if (previous === null)
      return { wasMember: wouldBeMember(model, sync, before), since: 0, known: before };
    const at = previous.members.indexOf(sync.number);
    const pinned = previous.pinned.find(({ sync: number }) => number === sync.number);
    return {
      wasMember: at !== -1,
      since: previous.since[at] ?? 0,
      known: pinned?.row ?? before,
    };
  }

  #keepMember({ number }: SyncRule, since: number): void {
    this.members.push(number);
    this.since.push(since);
  }

  /** A row that is news lacks nothing but its user: a repeated read of it is refused only once. */
  #missUser(sync: SyncRule, next: Row): void {
    if (this.#isSkipped(sync) || !this.#hasChanged("*", this.#transition.before)) return;
    const error = sync.missingUser(next);
    if (error) this.rejections.push({ by: sync.name, is: "sync", error });
    else this.usersIgnored += 1;
  }

  #isSkipped(sync: SyncRule): boolean {
    const { previous, event, recordContext } = this.#transition;
    return (
      sync.initialResults === "skip" && whyInitial(previous, event, recordContext, sync) !== null
    );
  }

  /** Whether the next row has another value in one of the columns than a row that was; a row that was not known differs. */
  #hasChanged(columns: SyncRule["watched"], then: Row | null): boolean {
    const { previous, event, next } = this.#transition;
    if (then === null) return true;
    return next !== null && hasChanged(columns, then, next, event.defaults, previous?.unknown);
  }
}

function kindOf(was: boolean, is: boolean): Change["kind"] | null {
  if (was) return is ? "changed" : "removed";
  return is ? "added" : null;
}

/** Whether a row known from `before` alone was a member; a filter that cannot decide says no. */
function wouldBeMember(model: ModelRule, sync: SyncRule, before: Row | null): boolean {
  return before !== null && belongsTo(model, before, NONE) === true && sync.hasUser(before, NONE);
}

/** Whether the row passes the model's filter, or the error with which that cannot decide. */
export function belongsTo(
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
