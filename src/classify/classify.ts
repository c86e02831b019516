import { CdcError } from "../errors.ts";
import type { RowEvent } from "../event.ts";
import { column, type Row } from "../row.ts";
import { NOTHING, type StoredRow } from "../stored-row.ts";
import { carried } from "../told-text.ts";
import { differs } from "./differs.ts";
import { type Standing, whyInitial } from "./initial-result.ts";
import type { ModelRule, SyncRule } from "./rules.ts";
import { goesBack, isStale } from "./stale.ts";

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
export type Refusal = { readonly by: string; readonly error: CdcError };

export type Outcome = {
  readonly verdict: "applied" | "stale";
  /** What the store keeps from now on; `null` leaves it as it is. */
  readonly stored: StoredRow | null;
  readonly changes: readonly Change[];
  readonly refusals: readonly Refusal[];
  /** Syncs of which the row is a member, and nothing watched differs: a call not made for each. */
  readonly unchanged: readonly SyncRule[];
  /** Syncs to which a change is not sent because the row was there before they began. */
  readonly initial: readonly SyncRule[];
  /** Rows that a sync passed over for want of a user, as it was told to. */
  readonly usersIgnored: number;
  /** The position went back although time went on: a new or restored server. */
  readonly positionReset: boolean;
};

const NONE: ReadonlySet<string> = new Set();
const NOBODY: readonly SyncRule[] = [];

/**
 * Previous row + next row + filter → changes, for every sync that looks at the row.
 *
 * The previous row is the store's. The record's `before` stands in only for a row that the store never saw, and is
 * there only where the connector is known to send it complete.
 */
export function classify(
  previous: StoredRow | null,
  event: RowEvent,
  standing: Standing,
  models: readonly ModelRule[],
): Outcome {
  const positionReset = goesBack(previous, event);
  if (positionReset && isStale(previous, event)) return STALE;

  const before = previous === null ? event.before : previous.row;
  const { next, absent } = complete(event, before);
  const changes: Change[] = [];
  const refusals: Refusal[] = [];
  const members: number[] = [];
  const since: number[] = [];
  const behind: { sync: number; row: Row }[] = [];
  let unchanged: SyncRule[] | undefined;
  let initial: SyncRule[] | undefined;
  let usersIgnored = 0;
  let taken = models.length === 0;

  for (const model of models) {
    const belongs = next === null ? false : belongsTo(model, next, absent);
    if (belongs instanceof CdcError) refusals.push({ by: model.name, error: belongs });
    else taken = true;

    for (const sync of model.syncs) {
      const at = previous === null ? -1 : previous.members.indexOf(sync.number);
      const was = previous === null ? wouldBeMember(model, sync, before) : at !== -1;
      const known =
        previous?.behind.find(({ sync: number }) => number === sync.number)?.row ?? before;
      if (belongs instanceof CdcError) {
        // Row and membership stay as they are for this model. Should another model store the row, a member goes on
        // from the one that it knows.
        if (was) {
          members.push(sync.number);
          since.push(previous?.since[at] ?? 0);
        }
        if (was && known !== null) behind.push({ sync: sync.number, row: known });
        continue;
      }
      const is = belongs && next !== null && sync.hasUser(next, absent);
      if (is) {
        members.push(sync.number);
        since.push(was || standing.moved ? (previous?.since[at] ?? 0) : event.time);
      }

      const kind = kindOf(was || (is && standing.moved === true), is);
      const silent =
        sync.initialResults === "skip" && whyInitial(previous, event, standing, sync) !== null;
      if (kind === null) {
        if (belongs && next !== null && !silent && isNews(previous, before, event, next)) {
          const error = sync.missingUser(next);
          if (error) refusals.push({ by: sync.name, error });
          else usersIgnored += 1;
        }
      } else if (
        kind === "changed" &&
        known !== null &&
        !hasChanged(sync, previous, known, event, next)
      ) {
        unchanged ??= [];
        unchanged.push(sync);
      } else if (silent) {
        initial ??= [];
        initial.push(sync);
      } else changes.push({ sync, kind, previous: known, next, absent });
    }
  }

  const sameMembers = previous && isSame(members, previous.members) ? previous : null;
  const stored = taken
    ? keep(previous, event, standing, {
        row: next,
        members: sameMembers?.members ?? members,
        since: sameMembers?.since ?? since,
        behind: behind.length === 0 ? NOTHING : behind,
        unknown: absent.size === 0 ? NOTHING : [...absent],
        told: previous === null ? "" : carried(previous.told, previous),
      })
    : null;
  return {
    verdict: "applied",
    stored,
    changes,
    refusals,
    unchanged: unchanged ?? NOBODY,
    initial: initial ?? NOBODY,
    usersIgnored,
    positionReset,
  };
}

function isSame(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((number, i) => number === b[i]);
}

function kindOf(was: boolean, is: boolean): Change["kind"] | null {
  if (was) return is ? "changed" : "removed";
  return is ? "added" : null;
}

const STALE: Outcome = {
  verdict: "stale",
  stored: null,
  changes: [],
  refusals: [],
  unchanged: NOBODY,
  initial: NOBODY,
  usersIgnored: 0,
  positionReset: false,
};

/** The next row with every unavailable column filled from the row before; those that stay unknown are absent. */
function complete(
  event: RowEvent,
  before: Row | null,
): { next: Row | null; absent: ReadonlySet<string> } {
  if (event.row === null || event.unavailable.length === 0)
    return { next: event.row, absent: NONE };
  const next = { ...event.row };
  const absent = new Set<string>();
  for (const name of event.unavailable) {
    const known = before === null ? undefined : column(before, name);
    if (known === undefined) absent.add(name);
    else next[name] = known;
  }
  return { next, absent };
}

function belongsTo(model: ModelRule, next: Row, absent: ReadonlySet<string>): boolean | CdcError {
  try {
    return model.matches(next, absent);
  } catch (error) {
    if (error instanceof CdcError) return error;
    throw error;
  }
}

/** Whether a row known from `before` alone was a member; a filter that cannot decide says no. */
function wouldBeMember(model: ModelRule, sync: SyncRule, before: Row | null): boolean {
  return before !== null && belongsTo(model, before, NONE) === true && sync.hasUser(before, NONE);
}

function hasChanged(
  sync: SyncRule,
  previous: StoredRow | null,
  known: Row,
  event: RowEvent,
  next: Row | null,
): boolean {
  return next !== null && differs(sync.watched, known, next, event.defaults, previous?.unknown);
}

/** A row that is new or differs in any column: a repeated read of a row without a user is refused only once. */
function isNews(
  previous: StoredRow | null,
  before: Row | null,
  event: RowEvent,
  next: Row,
): boolean {
  return before === null || differs("*", before, next, event.defaults, previous?.unknown);
}

/** The row, or a deletion mark for a row that was stored or whose removal has a position to compare with. */
function keep(
  previous: StoredRow | null,
  event: RowEvent,
  { offset }: Standing,
  what: Pick<StoredRow, "row" | "members" | "since" | "behind" | "unknown" | "told">,
): StoredRow | null {
  if (what.row === null && previous === null && event.position === null) return null;
  // A record without a position leaves the stored one standing, with the commit time that belongs to it.
  const { position, time } = event.position === null && previous !== null ? previous : event;
  return { offset, position, time, ...what };
}
