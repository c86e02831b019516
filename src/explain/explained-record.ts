import { classify } from "../classify/classify.ts";
import { isBeforeTruncate, isStale, movesBackward } from "../classify/staleness.ts";
import { deletionByTombstone } from "../data/deletion.ts";
import type { RowEvent, SourceEvent } from "../data/event.ts";
import { isoText } from "../data/instant.ts";
import { carryLastMessages } from "../data/last-message-codec.ts";
import { recordName } from "../data/record.ts";
import type { StoredRow } from "../data/stored-row.ts";
import { CdcError } from "../lib/errors.ts";
import { encodeStoredRow, rejectionOf } from "../state/row-codec.ts";
import { rulesOf } from "../topology/rules.ts";
import type { TopicTopology } from "../topology/topology.ts";
import { type Explained, explainedChange } from "./explained-change.ts";
import type { ExplainedRecord, ExplainedStep } from "./explanation.ts";
import type { ReadRecord } from "./read-record.ts";
import { shownReason } from "./reason.ts";
import type { StateView } from "./state-view.ts";

export type RecordOptions = {
  readonly topicTopology: TopicTopology;
  readonly model: string;
  readonly showValues: boolean;
  /** The partition of the record; `null` if its state is not available. */
  readonly view: StateView | null;
  readonly row: StoredRow | null;
};

/** An event of one row. */
type KeyedEvent = Exclude<SourceEvent, { kind: "non-row" | "truncate" }>;

/** Whether the messages of the record are known, and not decided by other partitions or machines. */
type Decided = Explained & { readonly isDecided: boolean };

const NONE: Explained = { steps: [], messages: [] };

/** What a record would do to the row as it is stored now. The decisions are those of the service, step by step. */
export function explainedRecord(read: ReadRecord, options: RecordOptions): ExplainedRecord {
  const { record, event } = read;
  const { topic, partition, offset } = record;
  const { steps, messages, isDecided } =
    !(event instanceof CdcError) && "key" in event
      ? explainedEvent(event, read, options)
      : { ...NONE, isDecided: event instanceof CdcError || event.kind !== "truncate" };
  const first = step("record", recordText(read, options.showValues));
  return { from: { topic, partition, offset }, steps: [first, ...steps], messages, isDecided };
}

function explainedEvent(event: KeyedEvent, read: ReadRecord, options: RecordOptions): Decided {
  const { record } = read;
  const { view, row: previous } = options;
  if (view === null) {
    const name = `${record.topic}/${record.partition}`;
    const detail = `the state of ${name} is not on this machine: ask the process that has it`;
    return { steps: [step("offset", detail)], messages: [], isDecided: false };
  }
  const offset = step("offset", offsetText(read, view, previous));
  const row = event.kind === "tombstone" ? deletionByTombstone(event, record) : event;
  const stale = staleText(event, row, previous, view);
  if (stale !== null)
    return { steps: [offset, step("stale", stale)], messages: [], isDecided: true };
  const start = [offset, step("stale", notStaleText(previous, row))];
  const half = keyChangeText(row, previous);
  if (half !== null)
    return {
      steps: [...start, step("change", half.detail)],
      messages: [],
      isDecided: half.isDecided,
    };
  const { steps, messages } = explainedChanges(row, read, view, options);
  return { steps: [...start, ...steps], messages, isDecided: true };
}

function step(about: ExplainedStep["about"], detail: string): ExplainedStep {
  return { about, model: null, sync: null, detail };
}

function recordText({ record, event, format, key }: ReadRecord, showValues: boolean): string {
  if (event instanceof CdcError)
    return `unreadable: it is sent to the dead letter queue: ${shownReason(event, showValues)}`;
  switch (event.kind) {
    case "non-row":
      return `${event.what}, not a row: nothing is sent`;
    case "truncate":
      return `TRUNCATE of ${event.table}: it removes all rows stored from before it, unless the model's onTruncate says otherwise`;
    case "tombstone":
      return `tombstone of row ${key}${commitText(event.time, event.sourcePosition)}`;
    case "row": {
      const operation = event.operation === "unknown" ? "unknown operation" : event.operation;
      const snapshot = event.incremental ? " of an incremental snapshot" : "";
      const columns = event.row === null ? "" : `; columns ${Object.keys(event.row).join(", ")}`;
      const unavailable = event.unavailable.join(", ");
      const filled =
        unavailable === ""
          ? ""
          : `; not sent by the database and taken from the stored row: ${unavailable}`;
      const commit = commitText(event.time, event.sourcePosition);
      return `${format}, ${operation}${snapshot}, row ${key} of ${event.table}${commit}${columns}${filled}; record time ${isoText(record.timestamp)}`;
    }
  }
}

function commitText(time: number | null, sourcePosition: string | null): string {
  const committed = time === null || time <= 0 ? "" : `, committed ${isoText(time)}`;
  const position = sourcePosition === null ? "none" : sourcePosition;
  return `${committed}, source position ${position}`;
}

function offsetText(
  { record }: ReadRecord,
  { checkpoint }: StateView,
  row: StoredRow | null,
): string {
  const { offset } = record;
  const next = `${recordName(record)}; next offset ${checkpoint.next}`;
  if (offset >= checkpoint.next) return `${next}: the record has not been processed`;
  const own = row?.offset === offset ? "; the stored row is its result" : "";
  return `${next}: the record has been processed${own}. The next steps show what it would do now`;
}

/** Why the record has no effect; `null` if it is not stale. */
function staleText(
  event: KeyedEvent,
  row: RowEvent,
  previous: StoredRow | null,
  { checkpoint }: StateView,
): string | null {
  if (event.kind === "tombstone" && event.key === checkpoint.lastDelete)
    return "yes: the tombstone belongs to the delete before it";
  if (isBeforeTruncate(checkpoint.truncated, row)) {
    const { time = 0 } = checkpoint.truncated ?? {};
    return `yes: the table was truncated after it, ${isoText(time)}`;
  }
  if (isStale(previous, row))
    return `yes: its source position ${row.sourcePosition} is before ${previous?.sourcePosition} of the stored row, and its commit time ${isoText(row.time)} is not later than ${isoText(previous?.time ?? 0)}`;
  return null;
}

function notStaleText(previous: StoredRow | null, row: RowEvent): string {
  if (previous === null)
    return row.before === null
      ? "no: no row is stored for the key"
      : "no: no row is stored for the key; the previous row is the record's `before`, which is complete";
  if (movesBackward(previous, row))
    return "no: its source position is before that of the stored row, but its commit time is later: a new or restored server";
  if (row.sourcePosition === null || previous.sourcePosition === null)
    return "no: the source positions cannot be compared";
  return "no: its source position is not before that of the stored row";
}

/** One half of a primary-key change that is sent as one change; `null` for any other record. */
function keyChangeText(
  { keyChange }: RowEvent,
  previous: StoredRow | null,
): { readonly detail: string; readonly isDecided: boolean } | null {
  if (keyChange === null || keyChange === "unreadable") return null;
  const isDeleteMarker = previous !== null && previous.row === null;
  if ("to" in keyChange) {
    const detail = `none: the key changes to ${keyChange.to} (keyChange: changed); the row goes to the create of that key in a handover, and that create sends the change`;
    return isDeleteMarker ? null : { detail, isDecided: true };
  }
  const detail = `the key was ${keyChange.from} (keyChange: changed): the create waits for the handover of that row and sends the change then`;
  return previous === null || isDeleteMarker ? { detail, isDecided: false } : null;
}

function explainedChanges(
  event: RowEvent,
  { record }: ReadRecord,
  view: StateView,
  { topicTopology, model, row: previous, showValues }: RecordOptions,
): Explained {
  const recordContext = { offset: record.offset, streaming: view.checkpoint.streaming };
  const changeId = event.sourcePosition ?? `${record.partition}/${record.offset}`;
  const rules = rulesOf(topicTopology, view.syncs);
  const outcome = classify(previous, event, recordContext, rules);
  const row = outcome.stored && { ...outcome.stored, lastMessages: carryLastMessages(previous) };
  const rejection = row && rejectionOf(encodeStoredRow(row, 0), record);
  // All models share one stored row, so none of them has it.
  if (rejection) {
    const detail = `none: the row does not change, and the record is sent to the dead letter queue: ${shownReason(rejection, showValues)}`;
    return { steps: [step("change", detail)], messages: [] };
  }
  const rule = rules.find(({ name }) => name === model);
  const topology = topicTopology.models.find(({ name }) => name === model);
  if (!rule || !topology) return NONE;
  const context = { event, record, recordContext, changeId };
  return explainedChange({ rule, model: topology, context, outcome, showValues });
}
