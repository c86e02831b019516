import type { MappedChange, Occasion } from "../map/sync.ts";
import { decodeColumns, encodeColumns } from "../state/row-codec.ts";

/** A change that one sync could not make a message of, with all that the message takes. */
export type UntoldChange = MappedChange & Occasion;

/** As text, for its dead letter: the store has gone on to the next row. */
export function encodeUntold(untold: UntoldChange): string {
  const { kind, previous, next, absent, table, key, topic, place, time } = untold;
  const rows = { previous: previous && encodeColumns(previous), next: next && encodeColumns(next) };
  return JSON.stringify({ kind, ...rows, absent: [...absent], table, key, topic, place, time });
}

export function decodeUntold(text: string): UntoldChange {
  const { previous, next, absent, ...rest } = JSON.parse(text);
  return {
    ...rest,
    previous: previous && decodeColumns(previous),
    next: next && decodeColumns(next),
    absent: new Set(absent),
  };
}
