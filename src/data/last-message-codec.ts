import type { MessageKind, Own, Teller, Told } from "./last-message.ts";

/**
 * What each sync told last of a row, as the row keeps it: a text that goes along unread until a sync tells something or a
 * person asks. What one record told stands together, the row's own record first and without its place, the others each
 * with theirs:
 *
 *     i0,c1;x2@42,1700000000000,postgresql|00000000000024023128
 *
 * A sync is its number behind the letter of its message's kind, which is large where it was set aside; an id that is not
 * derived follows behind `=`. A record is its offset, commit time and place; then table, partition and key, where there
 * are any.
 */
export type ToldText = string;

const LETTERS: { readonly [kind in MessageKind]: string } = {
  identify: "i",
  added: "a",
  changed: "c",
  removed: "r",
  entered: "e",
  exited: "x",
};
const KINDS: { readonly [letter: string]: MessageKind | undefined } = Object.fromEntries(
  Object.entries(LETTERS).map(([kind, letter]) => [letter, kind as MessageKind]),
);

/** What was told of a row, for the row that follows it: its own record is another one then. */
export function carried(text: ToldText, own: Own): ToldText {
  if (text === "" || text.startsWith(";")) return text;
  const end = text.indexOf(";");
  const first = end === -1 ? text : text.slice(0, end);
  return `;${first}@${placeText(own)}${end === -1 ? "" : text.slice(end)}`;
}

/** With what one record tells now; what the same syncs told before is forgotten. */
export function retold(text: ToldText, told: readonly Told[], own: Own): ToldText {
  const [one] = told;
  if (!one) return text;
  let entries = entryOf(one);
  for (let i = 1; i < told.length; i += 1) entries += `,${entryOf(told[i] as Told)}`;
  const end = text.indexOf(";");
  const first = remaining(end === -1 ? text : text.slice(0, end), told);
  let others = "";
  for (let from = end; from !== -1; ) {
    const next = text.indexOf(";", from + 1);
    const at = text.indexOf("@", from);
    const rest = remaining(text.slice(from + 1, at), told);
    if (rest !== "") others += `;${rest}${text.slice(at, next === -1 ? undefined : next)}`;
    from = next;
  }
  if (!isOwn(one.by, own)) return `${first};${entries}@${tellerText(one.by)}${others}`;
  return (first === "" ? entries : `${first},${entries}`) + others;
}

/** The entries of syncs that tell nothing now. */
function remaining(entries: string, told: readonly Told[]): string {
  let rest = "";
  for (let from = 0; from < entries.length; ) {
    const comma = entries.indexOf(",", from);
    const end = comma === -1 ? entries.length : comma;
    const sync = Number.parseInt(entries.slice(from + 1, end), 10);
    if (!hasOf(told, sync)) rest += (rest === "" ? "" : ",") + entries.slice(from, end);
    from = end + 1;
  }
  return rest;
}

export function decodeTold(text: ToldText, own: Own): readonly Told[] {
  return text.split(";").flatMap((group) => {
    const [entries = "", record] = group.split("@");
    if (entries === "") return [];
    const by = record === undefined ? ownTeller(own) : tellerOf(record);
    return entries.split(",").map((entry) => toldIn(entry, by));
  });
}

export function encodeTold(all: readonly Told[], own: Own): ToldText {
  return all.reduce((text, told) => retold(text, [told], own), "");
}

/** As it is of a row that goes to another key, and perhaps to another partition. */
export function toldElsewhere(
  text: ToldText,
  own: Own,
  at: { readonly key: string; readonly partition: number },
): readonly Told[] {
  return decodeTold(text, own).map((told) => {
    const { key, partition } = told.by;
    return {
      ...told,
      by: { ...told.by, key: key ?? at.key, partition: partition ?? at.partition },
    };
  });
}

function entryOf({ sync, kind, id, isSetAside }: Told): string {
  const letter = isSetAside ? LETTERS[kind].toUpperCase() : LETTERS[kind];
  return id === null ? letter + sync : `${letter}${sync}=${escaped(id)}`;
}

function hasOf(told: readonly Told[], sync: number): boolean {
  for (const one of told) if (one.sync === sync) return true;
  return false;
}

function syncIn(entry: string): number {
  return Number.parseInt(entry.slice(1), 10);
}

function toldIn(entry: string, by: Teller): Told {
  const letter = entry.charAt(0);
  const at = entry.indexOf("=");
  return {
    sync: syncIn(entry),
    kind: KINDS[letter.toLowerCase()] as MessageKind,
    id: at === -1 ? null : unescaped(entry.slice(at + 1)),
    isSetAside: KINDS[letter] === undefined,
    by,
  };
}

function placeText({ offset, time, position }: Own): string {
  return `${offset},${time},${escaped(position ?? "")}`;
}

function tellerText({ offset, time, place, table, partition, key }: Teller): string {
  const text = placeText({ offset, time, position: place });
  if (table === null && partition === null && key === null) return text;
  return [text, ...[table, partition, key].map((part) => maybe(part))].join(",");
}

function maybe(part: string | number | null): string {
  return part === null ? "" : escaped(String(part));
}

function tellerOf(text: string): Teller {
  const [offset, time, place = "", table = "", partition = "", key = ""] = text.split(",");
  return {
    offset: Number(offset),
    time: Number(time),
    place: unescaped(place),
    table: table === "" ? null : unescaped(table),
    partition: partition === "" ? null : Number(partition),
    key: key === "" ? null : unescaped(key),
  };
}

function ownTeller({ offset, time, position }: Own): Teller {
  return { offset, time, place: position ?? "", table: null, partition: null, key: null };
}

function isOwn({ offset, time, place, table, partition, key }: Teller, own: Own): boolean {
  if (table !== null || partition !== null || key !== null) return false;
  return offset === own.offset && time === own.time && place === own.position;
}

const RESERVED = /[%,;@=]/;

/** Without what the text is put together with; what is empty has a sign too, since nothing stands for nothing. */
function escaped(text: string): string {
  if (text === "") return "%";
  return RESERVED.test(text) ? text.replace(/[%,;@=]/g, encodeURIComponent) : text;
}

function unescaped(text: string): string {
  if (text === "%") return "";
  return text.includes("%") ? text.replace(/%[0-9A-F]{2}/g, decodeURIComponent) : text;
}
