import type { MessageKind } from "../message-kind.ts";
import { NOTHING, type StoredRow } from "../stored-row.ts";
import type { LastMessage, Teller, Trace } from "../trace.ts";

/**
 * Traces as JSON, those of one record together: `[teller, [sync, since, told]...]`. Most rows have one record that told all
 * of it, and it is the row's own; so it is written short.
 */
export type EncodedTraces = readonly [EncodedTeller, ...(readonly EncodedTrace[])][];

/** `since` is 0 where it is the record's time; `told` the kind's letter, large where it was set aside, and then its own id. */
type EncodedTrace = readonly [sync: number, since: number | null, told: string];

/** `null` where nothing was told; what stands at the end and is `null` is left out. The row's own record is its table alone. */
type EncodedTeller =
  | null
  | readonly [table?: string]
  | readonly [
      offset: number,
      time: number,
      place: string,
      table?: string | null,
      partition?: number | null,
      key?: string,
    ];

/** Where the row itself comes from. */
type Own = Pick<StoredRow, "offset" | "time" | "position">;

const LETTERS: { readonly [kind in MessageKind]: string } = {
  identify: "i",
  added: "a",
  changed: "c",
  removed: "r",
  entered: "e",
  exited: "x",
};
const KINDS: { readonly [letter: string]: MessageKind } = Object.fromEntries(
  Object.entries(LETTERS).map(([kind, letter]) => [letter, kind as MessageKind]),
);

export function encodeTraces(traces: readonly Trace[], own: Own): EncodedTraces {
  const groups: [EncodedTeller, ...EncodedTrace[]][] = [];
  let teller: Teller | null | undefined;
  for (const { sync, since, last } of traces) {
    const from = last && last.from;
    const entry: EncodedTrace = [sync, from && since === from.time ? 0 : since, toldOf(last)];
    if (teller !== undefined && isSame(teller, from)) groups.at(-1)?.push(entry);
    else groups.push([from && encodeTeller(from, own), entry]);
    teller = from;
  }
  return groups;
}

export function decodeTraces(groups: EncodedTraces, own: Own): readonly Trace[] {
  if (groups.length === 0) return NOTHING;
  const traces: Trace[] = [];
  for (const [encoded, ...entries] of groups) {
    const from = encoded && decodeTeller(encoded, own);
    for (const [sync, since, told] of entries) {
      const last = from && lastOf(told, from);
      traces.push({ sync, since: since === 0 && from ? from.time : since, last });
    }
  }
  return traces;
}

function toldOf(last: LastMessage | null): string {
  if (last === null) return "";
  const letter = LETTERS[last.kind];
  return (last.isSetAside ? letter.toUpperCase() : letter) + (last.id ?? "");
}

function lastOf(told: string, from: Teller): LastMessage {
  const letter = told.charAt(0).toLowerCase();
  const isSetAside = letter !== told.charAt(0);
  const id = told.length > 1 ? told.slice(1) : null;
  return { kind: KINDS[letter] as MessageKind, id, isSetAside, from };
}

function encodeTeller(teller: Teller, own: Own): EncodedTeller {
  const { offset, time, place, table, partition, key } = teller;
  const isOwn =
    offset === own.offset && time === own.time && place === own.position && partition === null;
  if (isOwn && key === null) return table === null ? [] : [table];
  if (key !== null) return [offset, time, place, table, partition, key];
  if (partition !== null) return [offset, time, place, table, partition];
  return table === null ? [offset, time, place] : [offset, time, place, table];
}

function decodeTeller(encoded: NonNullable<EncodedTeller>, own: Own): Teller {
  if (encoded.length < 2) {
    const { offset, time, position } = own;
    const [table = null] = encoded as readonly [table?: string];
    return { offset, time, place: position as string, table, partition: null, key: null };
  }
  const [offset, time, place, table = null, partition = null, key = null] = encoded as Exclude<
    EncodedTeller,
    null | readonly [table?: string]
  >;
  return { offset, time, place, table, partition, key };
}

function isSame(a: Teller | null, b: Teller | null): boolean {
  if (a === b) return true;
  if (a === null || b === null) return false;
  const isPlace = a.offset === b.offset && a.time === b.time && a.place === b.place;
  return isPlace && a.table === b.table && a.partition === b.partition && a.key === b.key;
}
