import type { MappedChange, Occasion } from "../map/sync.ts";
import { decodeColumns, encodeColumns } from "../state/row-codec.ts";

/** A change that one sync could not make a message of, with all that the message takes. */
export type UntoldChange = MappedChange & Occasion;

/** A letter has to fit into its topic beside the record: Kafka's usual 1 MB, where it was not made by us. */
const LONGEST = 200_000;

/** As text, for its dead letter: the store has gone on to the next row. `undefined` where it would be too long. */
export function encodeUntold(untold: UntoldChange): string | undefined {
  const { kind, previous, next, absent, table, key, topic, place, time } = untold;
  const rows = { previous: previous && encodeColumns(previous), next: next && encodeColumns(next) };
  const rest = { absent: [...absent], table, key, topic, place, time };
  const text = JSON.stringify({ kind, ...rows, ...rest });
  return text.length > LONGEST ? undefined : text;
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
