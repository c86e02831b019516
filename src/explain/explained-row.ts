import { isoText } from "../data/instant.ts";
import { type LastMessage, tableOf } from "../data/last-message.ts";
import { decodeLastMessages } from "../data/last-message-codec.ts";
import type { StoredRow } from "../data/stored-row.ts";
import { segmentValue } from "../map/segment-value.ts";
import type { SyncTopology } from "../topology/model-topology.ts";
import type { Coordinates, ExplainedResponse, ExplainedRow, ExplainedSync } from "./explanation.ts";
import type { StateView } from "./state-view.ts";

export type RowOptions = {
  readonly key: string;
  readonly model: string;
  readonly isStored: boolean;
  readonly showValues: boolean;
};

/** A stored row and what the model's syncs know of it. */
export function explainedRow(row: StoredRow, view: StateView, options: RowOptions): ExplainedRow {
  const { tp, topicTopology } = view;
  const columns = Object.keys(row.row ?? {});
  const lastMessages = decodeLastMessages(row.lastMessages, row);
  const syncs = topicTopology.models.find(({ name }) => name === options.model)?.syncs ?? [];
  return {
    from: { ...tp, offset: row.offset },
    position: row.sourcePosition,
    commitTime: timeText(row.time),
    isRemoved: row.row === null,
    columns,
    values: row.row && options.showValues ? valuesOf(row.row) : null,
    unknown: row.unknown,
    isStored: options.isStored,
    syncs: syncs.map((sync) => explainedSync(sync, row, lastMessages, view, options)),
  };
}

function explainedSync(
  { sync, options: { type } }: SyncTopology,
  row: StoredRow,
  lastMessages: readonly LastMessage[],
  { tp, syncs, durable }: StateView,
  { key, isStored }: RowOptions,
): ExplainedSync {
  const number = syncs.findIndex(({ name, retired }) => !retired && name === sync.name);
  const member = row.members.indexOf(number);
  const last = lastMessages.find((one) => one.sync === number);
  const about = { sync: sync.name, type, isNew: number === -1, isMember: member !== -1 };
  const since = timeText(row.since[member] ?? 0);
  if (last === undefined) return { ...about, since, last: null };
  const { kind, id, isDeadLettered, source } = last;
  const idInput = { key: source.key ?? key, kind, topic: tp.topic, changeId: source.changeId };
  const derived = () => sync.derivedId({ ...idInput, table: tableOf(tp.topic, source) });
  const from = { ...tp, partition: source.partition ?? tp.partition, offset: source.offset };
  return {
    ...about,
    since,
    last: {
      kind,
      messageId: isDeadLettered ? null : (id ?? derived()),
      from,
      commitTime: timeText(source.time),
      response: responseOf(isDeadLettered, isStored || isBelow(from, tp.partition, durable)),
    },
  };
}

/** Whether the record is below the durable offset of this partition. */
function isBelow(
  { partition, offset }: Coordinates,
  ownPartition: number,
  durable: number,
): boolean {
  return partition === ownPartition && offset < durable;
}

function responseOf(isDeadLettered: boolean, isSettled: boolean): ExplainedResponse {
  const status = isDeadLettered ? "deadLettered" : isSettled ? "settled" : "pending";
  return { status, time: null, detail: null };
}

function valuesOf(row: NonNullable<StoredRow["row"]>): { [column: string]: unknown } {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, segmentValue(value)]),
  );
}

/** `null` for 0, an unknown time. */
function timeText(ms: number): string | null {
  return ms > 0 ? isoText(ms) : null;
}
