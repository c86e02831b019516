import type {
  LastMessage,
  LastMessageSource,
  MessageKind,
  RowCoordinates,
} from "./last-message.ts";

/**
 * The last message of each sync for a row, as text: it is copied from row to row without being parsed. Messages are
 * grouped by their source record. The group of the row's own record is first and has no coordinates:
 *
 *     i0,c1;x2@42,1700000000000,postgresql|00000000000024023128
 *
 * - A message is the code of its kind (upper case for a dead-lettered change) and the number of its sync. An id that is
 *   not derived follows after `=`.
 * - A record is its offset, commit time and source position, then table, partition and key if they differ from the
 *   row's.
 */
export type LastMessagesText = string;

const CODES: { readonly [kind in MessageKind]: string } = {
  identify: "i",
  added: "a",
  changed: "c",
  removed: "r",
  entered: "e",
  exited: "x",
};
const KINDS: { readonly [code: string]: MessageKind | undefined } = Object.fromEntries(
  Object.entries(CODES).map(([kind, code]) => [code, kind as MessageKind]),
);

/** The last messages of a row for the next row of its key, whose own record is another one. */
export function carryLastMessages(
  previous: (RowCoordinates & { readonly lastMessages: LastMessagesText }) | null,
): LastMessagesText {
  const text = previous?.lastMessages ?? "";
  if (previous === null || text === "" || text.startsWith(";")) return text;
  const end = text.indexOf(";");
  const first = end === -1 ? text : text.slice(0, end);
  return `;${first}@${coordinatesText(previous)}${end === -1 ? "" : text.slice(end)}`;
}

/** Adds the messages of one record. They replace earlier messages of the same syncs. */
export function withLastMessages(
  text: LastMessagesText,
  messages: readonly LastMessage[],
  own: RowCoordinates,
): LastMessagesText {
  const [one] = messages;
  if (!one) return text;
  let entries = entryOf(one);
  for (let i = 1; i < messages.length; i += 1) entries += `,${entryOf(messages[i] as LastMessage)}`;
  const end = text.indexOf(";");
  const first = remaining(end === -1 ? text : text.slice(0, end), messages);
  let others = "";
  for (let from = end; from !== -1; ) {
    const next = text.indexOf(";", from + 1);
    const marker = text.indexOf("@", from);
    const rest = remaining(text.slice(from + 1, marker), messages);
    if (rest !== "") others += `;${rest}${text.slice(marker, next === -1 ? undefined : next)}`;
    from = next;
  }
  if (!isOwn(one.source, own)) return `${first};${entries}@${sourceText(one.source)}${others}`;
  return (first === "" ? entries : `${first},${entries}`) + others;
}

/** The entries of the other syncs. */
function remaining(entries: string, messages: readonly LastMessage[]): string {
  let rest = "";
  for (let from = 0; from < entries.length; ) {
    const comma = entries.indexOf(",", from);
    const end = comma === -1 ? entries.length : comma;
    const sync = Number.parseInt(entries.slice(from + 1, end), 10);
    if (!hasSync(messages, sync)) rest += (rest === "" ? "" : ",") + entries.slice(from, end);
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
    const source = record === undefined ? ownSource(own) : sourceOf(record);
    return entries.split(",").map((entry) => messageOf(entry, source));
  });
}

export function encodeLastMessages(
  all: readonly LastMessage[],
  own: RowCoordinates,
): LastMessagesText {
  return all.reduce((text, message) => withLastMessages(text, [message], own), "");
}

/** The last messages of a row that moves to another key: with the key and partition they were sent under. */
export function lastMessagesForOtherKey(
  text: LastMessagesText,
  own: RowCoordinates,
  from: { readonly key: string; readonly partition: number },
): readonly LastMessage[] {
  return decodeLastMessages(text, own).map((message) => {
    const { source } = message;
    const { key, partition } = source;
    return {
      ...message,
      source: { ...source, key: key ?? from.key, partition: partition ?? from.partition },
    };
  });
}

function entryOf({ sync, kind, id, isDeadLettered }: LastMessage): string {
  const code = isDeadLettered ? CODES[kind].toUpperCase() : CODES[kind];
  return id === null ? code + sync : `${code}${sync}=${escaped(id)}`;
}

function hasSync(messages: readonly LastMessage[], sync: number): boolean {
  for (const message of messages) if (message.sync === sync) return true;
  return false;
}

function syncIn(entry: string): number {
  return Number.parseInt(entry.slice(1), 10);
}

function messageOf(entry: string, source: LastMessageSource): LastMessage {
  const code = entry.charAt(0);
  const idStart = entry.indexOf("=");
  return {
    sync: syncIn(entry),
    kind: KINDS[code.toLowerCase()] as MessageKind,
    id: idStart === -1 ? null : unescaped(entry.slice(idStart + 1)),
    isDeadLettered: KINDS[code] === undefined,
    source,
  };
}

function coordinatesText({ offset, time, sourcePosition }: RowCoordinates): string {
  return `${offset},${time},${escaped(sourcePosition ?? "")}`;
}

function sourceText({ offset, time, changeId, table, partition, key }: LastMessageSource): string {
  const text = coordinatesText({ offset, time, sourcePosition: changeId });
  if (table === null && partition === null && key === null) return text;
  return [text, ...[table, partition, key].map(optional)].join(",");
}

function optional(part: string | number | null): string {
  return part === null ? "" : escaped(String(part));
}

function sourceOf(text: string): LastMessageSource {
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

function ownSource({ offset, time, sourcePosition }: RowCoordinates): LastMessageSource {
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

/** Without the separators of the text. `%` is the empty text, because an empty part is a missing one. */
function escaped(text: string): string {
  if (text === "") return "%";
  return RESERVED.test(text) ? text.replace(/[%,;@=]/g, encodeURIComponent) : text;
}

function unescaped(text: string): string {
  if (text === "%") return "";
  return text.includes("%") ? text.replace(/%[0-9A-F]{2}/g, decodeURIComponent) : text;
}
