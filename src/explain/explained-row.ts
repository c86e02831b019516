import { isoText } from "../data/instant.ts";
import { type Told, tableTold } from "../data/last-message.ts";
import { decodeTold } from "../data/last-message-codec.ts";
import type { StoredRow } from "../data/stored-row.ts";
import { segmentValue } from "../map/segment-value.ts";
import type { SyncPlan } from "../topology/topology.ts";
import type { Answer, Coordinates, ExplainedRow, ExplainedSync } from "./explanation.ts";
import type { Look } from "./state-view.ts";

export type RowOptions = {
  readonly key: string;
  readonly model: string;
  readonly isStored: boolean;
  readonly showValues: boolean;
};

/** What the state has of a row, in the eyes of the model's syncs. */
export function explainedRow(row: StoredRow, look: Look, options: RowOptions): ExplainedRow {
  const { at, plan } = look;
  const columns = Object.keys(row.row ?? {});
  const told = decodeTold(row.told, row);
  const syncs = plan.models.find(({ name }) => name === options.model)?.syncs ?? [];
  return {
    from: { ...at, offset: row.offset },
    position: row.position,
    committedAt: timeText(row.time),
    isRemoved: row.row === null,
    columns,
    values: row.row && options.showValues ? valuesOf(row.row) : null,
    unknown: row.unknown,
    isStored: options.isStored,
    syncs: syncs.map((sync) => explainedSync(sync, row, told, look, options)),
  };
}

function explainedSync(
  { sync, options: { type } }: SyncPlan,
  row: StoredRow,
  told: readonly Told[],
  { at, syncs, durable }: Look,
  { key, isStored }: RowOptions,
): ExplainedSync {
  const number = syncs.findIndex(({ name, retired }) => !retired && name === sync.name);
  const member = row.members.indexOf(number);
  const last = told.find((one) => one.sync === number);
  const about = { sync: sync.name, type, isNew: number === -1, isMember: member !== -1 };
  const since = timeText(row.since[member] ?? 0);
  if (last === undefined) return { ...about, since, last: null };
  const { kind, id, isSetAside, by } = last;
  const cause = { key: by.key ?? key, kind, topic: at.topic, place: by.place };
  const derived = () => sync.derivedId({ ...cause, table: tableTold(at.topic, by) });
  const from = { ...at, partition: by.partition ?? at.partition, offset: by.offset };
  return {
    ...about,
    since,
    last: {
      kind,
      messageId: isSetAside ? null : (id ?? derived()),
      from,
      committedAt: timeText(by.time),
      answer: answerOf(isSetAside, isStored || isBelow(from, at.partition, durable)),
    },
  };
}

/** Whether the record lies below what is durable here. */
function isBelow({ partition, offset }: Coordinates, here: number, durable: number): boolean {
  return partition === here && offset < durable;
}

function answerOf(isSetAside: boolean, isSettled: boolean): Answer {
  const is = isSetAside ? "set aside" : isSettled ? "settled" : "on its way";
  return { is, at: null, says: null };
}

function valuesOf(row: NonNullable<StoredRow["row"]>): { [column: string]: unknown } {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, segmentValue(value)]),
  );
}

/** 0 is a time that nobody knows. */
export function timeText(ms: number): string | null {
  return ms > 0 ? isoText(ms) : null;
}
