import type { RowEvent } from "../data/event.ts";
import { carryLastMessages } from "../data/last-message-codec.ts";
import { column, type Row } from "../data/row.ts";
import { EMPTY_LIST, type StoredRow } from "../data/stored-row.ts";
import { CdcError } from "../lib/errors.ts";
import type { RecordContext } from "./initial-result.ts";
import { belongsTo, Evaluation, type RowTransition } from "./judgement.ts";
import type { Outcome } from "./outcome.ts";
import type { ModelRule } from "./rules.ts";
import { isStale, movesBackward } from "./staleness.ts";

const NONE: ReadonlySet<string> = new Set();

const STALE: Outcome = {
  decision: "stale",
  stored: null,
  changes: [],
  rejections: [],
  unchanged: [],
  initial: [],
  usersIgnored: 0,
  sourcePositionReset: false,
};

/**
 * Previous row + next row + filter → changes, for every sync that looks at the row.
 *
 * The previous row is the store's. The record's `before` stands in only for a row that the store never saw, and is
 * there only where the connector is known to send it complete.
 */
export function classify(
  previous: StoredRow | null,
  event: RowEvent,
  recordContext: RecordContext,
  models: readonly ModelRule[],
): Outcome {
  if (isStale(previous, event)) return STALE;
  const before = previous === null ? event.before : previous.row;
  const { next, absent } = complete(event, before);
  const transition: RowTransition = { previous, before, event, recordContext, next, absent };
  const evaluation = new Evaluation(transition);
  let isTaken = models.length === 0;
  for (const model of models) {
    const belongs = next === null ? false : belongsTo(model, next, absent);
    if (belongs instanceof CdcError) evaluation.retainUndecided(model, belongs);
    else {
      evaluation.evaluate(model, belongs);
      isTaken = true;
    }
  }
  return {
    decision: "applied",
    stored: isTaken ? keep(transition, evaluation) : null,
    changes: evaluation.changes,
    rejections: evaluation.rejections,
    unchanged: evaluation.unchanged,
    initial: evaluation.initial,
    usersIgnored: evaluation.usersIgnored,
    sourcePositionReset: movesBackward(previous, event),
  };
}

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

/** The row, or a deletion mark for a row that was stored or whose removal has a position to compare with. */
function keep(
  { previous, event, recordContext, next, absent }: RowTransition,
  evaluation: Evaluation,
): StoredRow | null {
  if (next === null && previous === null && event.sourcePosition === null) return null;
  // A record without a position leaves the stored one standing, with the commit time that belongs to it.
  const { sourcePosition, time } =
    event.sourcePosition === null && previous !== null ? previous : event;
  // Most records change no membership: the lists of the row before serve on.
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
    lastMessages: previous === null ? "" : carryLastMessages(previous.lastMessages, previous),
  };
}

function isSame(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((number, i) => number === b[i]);
}
