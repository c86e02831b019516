import { classify } from "../classify/classify.ts";
import type { RecordContext } from "../classify/initial-result.ts";
import type { Outcome } from "../classify/outcome.ts";
import { isBeforeTruncate, isStale, movesBackward } from "../classify/staleness.ts";
import { deletionByTombstone } from "../data/deletion.ts";
import type { RowEvent, SourceEvent } from "../data/event.ts";
import { isoText } from "../data/instant.ts";
import { recordName } from "../data/record.ts";
import type { StoredRow } from "../data/stored-row.ts";
import { CdcError } from "../lib/errors.ts";
import { rejectionOf } from "../state/row-codec.ts";
import { rulesOf } from "../topology/rules.ts";
import type { TopicTopology } from "../topology/topology.ts";
import { explainedChange } from "./explained-change.ts";
import type { ExplainedMessage, ExplainedRecord, Step } from "./explanation.ts";
import type { ReadRecord } from "./read-record.ts";
import { shownReason } from "./reason.ts";
import type { StateView } from "./state-view.ts";

export type RecordOptions = {
  readonly topicTopology: TopicTopology;
  readonly model: string;
  readonly showValues: boolean;
  /** The partition that the record is of; `null` where its state is not here. */
  readonly view: StateView | null;
  readonly row: StoredRow | null;
};

/** What a record would do to the row as it is stored now, decided by what decides it in the service, step by step. */
export function explainedRecord(read: ReadRecord, options: RecordOptions): ExplainedRecord {
  const { record, event } = read;
  const { topic, partition, offset } = record;
  const steps: Step[] = [];
  const messages: ExplainedMessage[] = [];
  const say = (about: Step["about"], detail: string) =>
    steps.push({ about, model: null, sync: null, detail });
  let isDecided = event instanceof CdcError || event.kind !== "truncate";
  say("record", readAs(read, options.showValues));
  if (!(event instanceof CdcError) && "key" in event) {
    const { view } = options;
    if (view === null) {
      say("place", `the state of ${topic}/${partition} is not here: ask where that partition is`);
      isDecided = false;
    } else {
      say("place", sourcePositionOf(read, view, options.row));
      const row = event.kind === "tombstone" ? deletionByTombstone(event, record) : event;
      const refusal = unsentChange(event, row, options.row, view);
      if (refusal !== null) say("stale", refusal);
      else {
        say("stale", fresh(options.row, row));
        const moves = half(row, options.row);
        const told = moves === null ? explainedChanges(row, read, view, options) : EMPTY_LIST;
        if (moves !== null) {
          say("change", moves.detail);
          isDecided = moves.isDecided;
        }
        steps.push(...told.steps);
        messages.push(...told.messages);
      }
    }
  }
  return { from: { topic, partition, offset }, steps, messages, isDecided };
}

function readAs({ record, event, format, key }: ReadRecord, showValues: boolean): string {
  if (event instanceof CdcError)
    return `it cannot be read, and goes to the dead letters: ${shownReason(event, showValues)}`;
  switch (event.kind) {
    case "non-row":
      return `it is a ${event.what}, and no row: nothing is sent`;
    case "truncate":
      return `it is a TRUNCATE of ${event.table}: it removes the rows that are stored from before it, as the model's onTruncate says`;
    case "tombstone":
      return `it is a tombstone of row ${key}${timed(event.time, event.sourcePosition)}`;
    case "row": {
      const operation =
        event.operation === "unknown" ? "row, of unknown operation" : event.operation;
      const names = event.row === null ? "" : `; columns ${Object.keys(event.row).join(", ")}`;
      const away = event.unavailable.join(", ");
      const lacks =
        away === "" ? "" : `; not sent by the database, and taken from the stored row: ${away}`;
      const text = `${format}, ${operation}${event.incremental ? " of an incremental snapshot" : ""}`;
      return `${text}, of row ${key} of ${event.table}${timed(event.time, event.sourcePosition)}${names}${lacks}; record time ${isoText(record.timestamp)}`;
    }
  }
}

function timed(time: number | null, position: string | null): string {
  const when = time === null || time <= 0 ? "" : `, committed ${isoText(time)}`;
  return `${when}, ${position === null ? "without a place in the database's log" : `at ${position}`}`;
}

function sourcePositionOf(
  { record }: ReadRecord,
  { checkpoint }: StateView,
  row: StoredRow | null,
): string {
  const { offset } = record;
  const where = `${recordName(record)}; the next offset to process is ${checkpoint.next}`;
  if (offset >= checkpoint.next) return `${where}: it has not been processed`;
  const own =
    row?.offset === offset
      ? ". The stored row is what it left, and what it gave is told above"
      : "";
  return `${where}: it was processed, and comes no more at this offset${own}. What follows is what it would give now, held against the row as it is`;
}

/** Why the record has no effect at all; `null` where it has. */
function unsentChange(
  event: Exclude<SourceEvent, { kind: "non-row" | "truncate" }>,
  row: RowEvent,
  previous: StoredRow | null,
  { checkpoint }: StateView,
): string | null {
  if (event.kind === "tombstone" && event.key === checkpoint.lastDelete)
    return "yes: it belongs to the delete before it, and changes nothing";
  if (isBeforeTruncate(checkpoint.truncated, row)) {
    const { time = 0 } = checkpoint.truncated ?? {};
    return `yes: the table was truncated after it, ${isoText(time)}`;
  }
  if (isStale(previous, row))
    return `yes: its place ${row.sourcePosition} lies before that of the stored row, ${previous?.sourcePosition}, and its commit time ${isoText(row.time)} is not later than ${isoText(previous?.time ?? 0)}: the database was told of it again`;
  return null;
}

/** One half of a key that changes, where both are told as one; `null` where it is an ordinary record. */
function half(
  { keyChange }: RowEvent,
  previous: StoredRow | null,
): { readonly detail: string; readonly isDecided: boolean } | null {
  if (keyChange === null || keyChange === "unreadable") return null;
  const isDeleteMarker = previous !== null && previous.row === null;
  if ("to" in keyChange) {
    const detail = `none by itself: the key becomes ${keyChange.to} (keyChange: changed); the row is handed over to it, and its create tells the change`;
    return isDeleteMarker ? null : { detail, isDecided: true };
  }
  const detail = `the key was ${keyChange.from} (keyChange: changed): it waits for the row that was there, and what both make is told then`;
  return previous === null || isDeleteMarker ? { detail, isDecided: false } : null;
}

function fresh(previous: StoredRow | null, row: RowEvent): string {
  if (previous === null) {
    return row.before === null
      ? "no: no such row is stored"
      : "no: no such row is stored; what it was is taken from the record, whose connector sends it complete";
  }
  if (movesBackward(previous, row))
    return "no: its place lies before that of the stored row, but it was committed later: a new or restored server's";
  if (row.sourcePosition === null || previous.sourcePosition === null)
    return "no: one of the two has no place in the database's log, so it is applied";
  return "no: its place does not lie before that of the stored row";
}

const EMPTY_LIST = { steps: [], messages: [] };

type Told = { readonly steps: readonly Step[]; readonly messages: readonly ExplainedMessage[] };

function explainedChanges(
  event: RowEvent,
  { record }: ReadRecord,
  view: StateView,
  { topicTopology, model, row, showValues }: RecordOptions,
): Told {
  const recordContext: RecordContext = {
    offset: record.offset,
    streaming: view.checkpoint.streaming,
  };
  const changeId = event.sourcePosition ?? `${record.partition}/${record.offset}`;
  const rules = rulesOf(topicTopology, view.syncs);
  const outcome: Outcome = classify(row, event, recordContext, rules);
  const refusal = rejectionOf(outcome.stored, record);
  if (refusal) return rejected(refusal, showValues);
  const rule = rules.find(({ name }) => name === model);
  const of = topicTopology.models.find(({ name }) => name === model);
  if (!rule || !of) return EMPTY_LIST;
  const context = { event, record, recordContext, changeId };
  return explainedChange({ rule, model: of, previous: row, context, outcome, showValues });
}

/** All models store one row: where that cannot be stored, none has it. */
function rejected(refusal: CdcError, showValues: boolean): Told {
  const detail = `none: the row stays as it is, and the record goes to the dead letters: ${shownReason(refusal, showValues)}`;
  return { steps: [{ about: "change", model: null, sync: null, detail }], messages: [] };
}
