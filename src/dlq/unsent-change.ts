import type { ChangeSource, MappedChange } from "../map/sync.ts";
import { decodeColumns, encodeColumns } from "../state/row-codec.ts";

/** A change that one sync could not make a message of, with all that the message takes. */
export type UnsentChange = MappedChange & ChangeSource;

/** A letter has to fit into its topic beside the record: Kafka's usual 1 MB, where it was not made by us. */
const LONGEST = 200_000;

/** As text, for its dead letter: the store has gone on to the next row. `undefined` where it would be too long. */
export function encodeUnsentChange(unsentChange: UnsentChange): string | undefined {
  const { kind, previous, next, absent, table, key, topic, changeId, time } = unsentChange;
  const rows = { previous: previous && encodeColumns(previous), next: next && encodeColumns(next) };
  const rest = { absent: [...absent], table, key, topic, place: changeId, time };
  const text = JSON.stringify({ kind, ...rows, ...rest });
  return text.length > LONGEST ? undefined : text;
}

export function decodeUnsentChange(text: string): UnsentChange {
  const { previous, next, absent, place, ...rest } = JSON.parse(text);
  return {
    ...rest,
    changeId: place,
    previous: previous && decodeColumns(previous),
    next: next && decodeColumns(next),
    absent: new Set(absent),
  };
}
