import type { RowEvent } from "../data/event.ts";
import { column, type Row } from "../data/row.ts";
import type { StoredRow } from "../data/stored-row.ts";
import { EMPTY_LIST } from "../data/stored-row.ts";
import { CdcError } from "../lib/errors.ts";
import type { ClassifiedRow, Outcome } from "./decision.ts";
import { Evaluation, matchOf, type RowTransition } from "./evaluation.ts";
import type { RecordContext } from "./initial-result.ts";
import type { ModelRule } from "./rules.ts";
import { movesBackward } from "./staleness.ts";

const NONE: ReadonlySet<string> = new Set();

/**
 * Previous row + next row + filters → a decision for every sync. The event is not stale (`isStale`).
 *
 * The previous row is the stored one. The record's `before` replaces it only for a row that was never stored; the
 * event has it only if the connector is known to send it complete.
 */
export function classify(
  previous: StoredRow | null,
  event: RowEvent,
  recordContext: RecordContext,
  models: readonly ModelRule[],
): Outcome {
  const before = previous === null ? event.before : previous.row;
  const { next, absent } = complete(event, before);
  const { defaults } = event;
  const unknown = previous === null ? EMPTY_LIST : previous.unknown;
  const transition = { previous, before, event, recordContext, next, absent, defaults, unknown };
  const evaluation = new Evaluation(transition);
  let isStored = models.length === 0;
  for (const model of models) {
    const match = next === null ? false : matchOf(model, next, absent);
    if (match instanceof CdcError) evaluation.retainMembers(model, match);
    else {
      evaluation.evaluate(model, match);
      isStored = true;
    }
  }
  return {
    stored: isStored ? nextRow(transition, evaluation) : null,
    changes: evaluation.changes,
    skips: evaluation.skips,
    matching: evaluation.matching,
    rejections: evaluation.rejections,
    sourcePositionReset: movesBackward(previous, event),
  };
}

/** The next row. Unavailable columns have the values of the row before; those that stay unknown are absent. */
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

/** A delete marker is stored if the row was stored, or if the removal has a source position to compare with. */
function nextRow(
  { previous, event, recordContext, next, absent }: RowTransition,
  evaluation: Evaluation,
): ClassifiedRow | null {
  if (next === null && previous === null && event.sourcePosition === null) return null;
  // A record without a source position keeps the stored one, with its commit time.
  const { sourcePosition, time } =
    event.sourcePosition === null && previous !== null ? previous : event;
  // Most records change no membership: reusing the lists frees the new ones at once.
  const { members, since } =
    previous && isSame(evaluation.members, previous.members) ? previous : evaluation;
  return {
    row: next,
    offset: recordContext.offset,
    sourcePosition,
    time,
    members,
    since,
    pinned: evaluation.pinned.length === 0 ? EMPTY_LIST : evaluation.pinned,
    unknown: absent.size === 0 ? EMPTY_LIST : [...absent],
  };
}

function isSame(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((number, i) => number === b[i]);
}
