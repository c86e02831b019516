import type { ChangeSource, MappedChange } from "../map/sync.ts";
import { decodeColumns, encodeColumns } from "../state/row-codec.ts";

/** A change that one sync could not map, with all that its messages are made of, except for the users. */
export type UnsentChange = Omit<MappedChange, "user" | "previousUser"> & ChangeSource;

/** A dead letter must fit into its topic beside the record: Kafka's default is 1 MB per message. */
const LONGEST = 200_000;

/** As text for its dead letter, because the store has the next row already. `undefined` if it is too long. */
export function encodeUnsentChange(unsentChange: UnsentChange): string | undefined {
  const { reason, previous, next, absent, table, key, topic, changeId, time } = unsentChange;
  const rows = { previous: previous && encodeColumns(previous), next: next && encodeColumns(next) };
  const rest = { absent: [...absent], table, key, topic, place: changeId, time };
  const text = JSON.stringify({ kind: reason, ...rows, ...rest });
  return text.length > LONGEST ? undefined : text;
}

export function decodeUnsentChange(text: string): UnsentChange {
  const { kind, previous, next, absent, place, ...rest } = JSON.parse(text);
  return {
    ...rest,
    reason: kind,
    changeId: place,
    previous: previous && decodeColumns(previous),
    next: next && decodeColumns(next),
    absent: new Set(absent),
  };
}
