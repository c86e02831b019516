import type {
  LastMessage,
  LastMessageSource,
  MessageKind,
  RowCoordinates,
} from "./last-message.ts";

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
export type LastMessagesText = string;

const DEAD_LETTERS: { readonly [kind in MessageKind]: string } = {
  identify: "i",
  added: "a",
  changed: "c",
  removed: "r",
  entered: "e",
  exited: "x",
};
const KINDS: { readonly [deadLetter: string]: MessageKind | undefined } = Object.fromEntries(
  Object.entries(DEAD_LETTERS).map(([kind, deadLetter]) => [deadLetter, kind as MessageKind]),
);

/** The last messages of a row for the next row of its key, whose own record is another one. */
export function carryLastMessages(
  previous: (RowCoordinates & { readonly lastMessages: LastMessagesText }) | null,
): LastMessagesText {
  const text = previous?.lastMessages ?? "";
  if (previous === null || text === "" || text.startsWith(";")) return text;
  const end = text.indexOf(";");
  const first = end === -1 ? text : text.slice(0, end);
  return `;${first}@${placeText(previous)}${end === -1 ? "" : text.slice(end)}`;
}

/** With what one record tells now; what the same syncs told before is forgotten. */
export function withLastMessages(
  text: LastMessagesText,
  told: readonly LastMessage[],
  own: RowCoordinates,
): LastMessagesText {
  const [one] = told;
  if (!one) return text;
  let entries = entryOf(one);
  for (let i = 1; i < told.length; i += 1) entries += `,${entryOf(told[i] as LastMessage)}`;
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
  if (!isOwn(one.source, own)) return `${first};${entries}@${tellerText(one.source)}${others}`;
  return (first === "" ? entries : `${first},${entries}`) + others;
}

/** The entries of syncs that tell nothing now. */
function remaining(entries: string, told: readonly LastMessage[]): string {
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

export function decodeLastMessages(
  text: LastMessagesText,
  own: RowCoordinates,
): readonly LastMessage[] {
  return text.split(";").flatMap((group) => {
    const [entries = "", record] = group.split("@");
    if (entries === "") return [];
    const by = record === undefined ? ownTeller(own) : tellerOf(record);
    return entries.split(",").map((entry) => toldIn(entry, by));
  });
}

export function encodeLastMessages(
  all: readonly LastMessage[],
  own: RowCoordinates,
): LastMessagesText {
  return all.reduce((text, told) => withLastMessages(text, [told], own), "");
}

/** As it is of a row that goes to another key, and perhaps to another partition. */
export function lastMessagesForOtherKey(
  text: LastMessagesText,
  own: RowCoordinates,
  at: { readonly key: string; readonly partition: number },
): readonly LastMessage[] {
  return decodeLastMessages(text, own).map((told) => {
    const { key, partition } = told.source;
    return {
      ...told,
      source: { ...told.source, key: key ?? at.key, partition: partition ?? at.partition },
    };
  });
}

function entryOf({ sync, kind, id, isDeadLettered }: LastMessage): string {
  const deadLetter = isDeadLettered ? DEAD_LETTERS[kind].toUpperCase() : DEAD_LETTERS[kind];
  return id === null ? deadLetter + sync : `${deadLetter}${sync}=${escaped(id)}`;
}

function hasOf(told: readonly LastMessage[], sync: number): boolean {
  for (const one of told) if (one.sync === sync) return true;
  return false;
}

function syncIn(entry: string): number {
  return Number.parseInt(entry.slice(1), 10);
}

function toldIn(entry: string, by: LastMessageSource): LastMessage {
  const deadLetter = entry.charAt(0);
  const at = entry.indexOf("=");
  return {
    sync: syncIn(entry),
    kind: KINDS[deadLetter.toLowerCase()] as MessageKind,
    id: at === -1 ? null : unescaped(entry.slice(at + 1)),
    isDeadLettered: KINDS[deadLetter] === undefined,
    source: by,
  };
}

function placeText({ offset, time, sourcePosition }: RowCoordinates): string {
  return `${offset},${time},${escaped(sourcePosition ?? "")}`;
}

function tellerText({ offset, time, changeId, table, partition, key }: LastMessageSource): string {
  const text = placeText({ offset, time, sourcePosition: changeId });
  if (table === null && partition === null && key === null) return text;
  return [text, ...[table, partition, key].map((part) => maybe(part))].join(",");
}

function maybe(part: string | number | null): string {
  return part === null ? "" : escaped(String(part));
}

function tellerOf(text: string): LastMessageSource {
  const [offset, time, changeId = "", table = "", partition = "", key = ""] = text.split(",");
  return {
    offset: Number(offset),
    time: Number(time),
    changeId: unescaped(changeId),
    table: table === "" ? null : unescaped(table),
    partition: partition === "" ? null : Number(partition),
    key: key === "" ? null : unescaped(key),
  };
}

function ownTeller({ offset, time, sourcePosition }: RowCoordinates): LastMessageSource {
  return { offset, time, changeId: sourcePosition ?? "", table: null, partition: null, key: null };
}

function isOwn(
  { offset, time, changeId, table, partition, key }: LastMessageSource,
  own: RowCoordinates,
): boolean {
  if (table !== null || partition !== null || key !== null) return false;
  return offset === own.offset && time === own.time && changeId === own.sourcePosition;
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
