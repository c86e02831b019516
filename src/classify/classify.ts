import type { RowEvent } from "../data/event.ts";
import { carried } from "../data/last-message-codec.ts";
import { column, type Row } from "../data/row.ts";
import { NOTHING, type StoredRow } from "../data/stored-row.ts";
import { CdcError } from "../lib/errors.ts";
import type { Standing } from "./initial-result.ts";
import { belongsTo, Judgement, type Sight } from "./judgement.ts";
import type { Outcome } from "./outcome.ts";
import type { ModelRule } from "./rules.ts";
import { goesBack, isStale } from "./staleness.ts";

const NONE: ReadonlySet<string> = new Set();

const STALE: Outcome = {
  verdict: "stale",
  stored: null,
  changes: [],
  refusals: [],
  unchanged: [],
  initial: [],
  usersIgnored: 0,
  positionReset: false,
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
  standing: Standing,
  models: readonly ModelRule[],
): Outcome {
  if (isStale(previous, event)) return STALE;
  const before = previous === null ? event.before : previous.row;
  const { next, absent } = complete(event, before);
  const sight: Sight = { previous, before, event, standing, next, absent };
  const judgement = new Judgement(sight);
  let isTaken = models.length === 0;
  for (const model of models) {
    const belongs = next === null ? false : belongsTo(model, next, absent);
    if (belongs instanceof CdcError) judgement.leave(model, belongs);
    else {
      judgement.judge(model, belongs);
      isTaken = true;
    }
  }
  return {
    verdict: "applied",
    stored: isTaken ? keep(sight, judgement) : null,
    changes: judgement.changes,
    refusals: judgement.refusals,
    unchanged: judgement.unchanged,
    initial: judgement.initial,
    usersIgnored: judgement.usersIgnored,
    positionReset: goesBack(previous, event),
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
  { previous, event, standing, next, absent }: Sight,
  judgement: Judgement,
): StoredRow | null {
  if (next === null && previous === null && event.position === null) return null;
  // A record without a position leaves the stored one standing, with the commit time that belongs to it.
  const { position, time } = event.position === null && previous !== null ? previous : event;
  // Most records change no membership: the lists of the row before serve on.
  const { members, since } =
    previous && isSame(judgement.members, previous.members) ? previous : judgement;
  return {
    row: next,
    offset: standing.offset,
    position,
    time,
    members,
    since,
    behind: judgement.behind.length === 0 ? NOTHING : judgement.behind,
    unknown: absent.size === 0 ? NOTHING : [...absent],
    told: previous === null ? "" : carried(previous.told, previous),
  };
}

function isSame(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((number, i) => number === b[i]);
}
