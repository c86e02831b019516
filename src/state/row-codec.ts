import type { LastMessagesText } from "../data/last-message-codec.ts";
import type { SourceRecord } from "../data/record.ts";
import { Real, type Row, type Value } from "../data/row.ts";
import { EMPTY_LIST, type StoredRow } from "../data/stored-row.ts";
import { CdcError } from "../lib/errors.ts";

/**
 * A stored row is JSON text, because nothing in JavaScript parses faster:
 * `[version, offset, source position, time, members, pinned, unknown, since, last messages, row]`. The row is an object of
 * its columns; a delete marker has the time it was written instead. Plain values are written unchanged, others as an array
 * that begins with their kind. `since` is one number if it is the same for all members. Version 1 had neither `since` nor
 * last messages.
 */
const VERSION = 2;

/** The changelog topic takes messages of up to 8 MB. */
export const LARGEST_ROW_BYTES = 8_000_000;

type Encoded =
  | null
  | boolean
  | number
  | string
  | readonly ["i" | "r", string]
  | readonly ["a", readonly Encoded[]]
  | readonly ["o", { readonly [name: string]: Encoded }];

type Columns = { [column: string]: Encoded };

type Head<Version> = [
  version: Version,
  offset: number,
  position: string | null,
  time: number,
  members: number[],
  pinned: [sync: number, row: Columns][],
  unknown: string[],
];

type Layout =
  | [...Head<2>, since: number | number[], lastMessages: LastMessagesText, row: Columns | number]
  | [...Head<1>, row: Columns | number];

/** @param deleteMarkerTime when a delete marker is written, ms since 1970 */
export function encodeStoredRow(stored: StoredRow, deleteMarkerTime: number): string {
  const { offset, sourcePosition, time, members, unknown, lastMessages, row } = stored;
  const pinned = stored.pinned.map(({ sync, row: known }) => [sync, encodeColumns(known)]);
  const columns = row === null ? deleteMarkerTime : encodeColumns(row);
  return JSON.stringify([
    VERSION,
    offset,
    sourcePosition,
    time,
    members,
    pinned,
    unknown,
    isOne(stored.since) ? (stored.since[0] as number) : stored.since,
    lastMessages,
    columns,
  ]);
}

/** @throws CdcError STATE_UNREADABLE if another version wrote it */
export function decodeStoredRow(text: string): StoredRow {
  const layout = parse(text);
  const [version, offset, sourcePosition, time, members, pinnedRows, unknown] = layout;
  if (version !== VERSION && version !== 1) throw otherVersion(version);
  const pinned =
    pinnedRows.length === 0
      ? EMPTY_LIST
      : pinnedRows.map(([sync, known]) => ({ sync, row: decodeColumns(known) }));
  const columns = layout[layout.length - 1] as Columns | number;
  const row = typeof columns === "number" ? null : decodeColumns(columns);
  const times = layout[0] === 2 ? layout[7] : 0;
  const since = typeof times === "number" ? members.map(() => times) : times;
  const lastMessages = layout[0] === 2 ? layout[8] : "";
  return {
    row,
    offset,
    sourcePosition,
    time,
    members,
    since,
    pinned,
    unknown,
    lastMessages,
  };
}

function otherVersion(version: number): CdcError {
  return new CdcError(
    "STATE_UNREADABLE",
    `the stored rows have format ${version} and this version reads 1 to ${VERSION}; run the version that wrote them, or a later one`,
  );
}

function isOne(since: readonly number[]): boolean {
  const [first] = since;
  for (const time of since) if (time !== first) return false;
  return first !== undefined;
}

/** When the delete marker was written; `null` for a row. */
export function deleteMarkerTime(bytes: Buffer): number | null {
  const columns = parse(bytes.toString("utf8")).at(-1);
  return typeof columns === "number" ? columns : null;
}

/** Whether it is a delete marker: its last element is not an object. */
export function isDeleteMarker(text: string): boolean {
  return !text.endsWith("}]");
}

function parse(text: string): Layout {
  return JSON.parse(text) as Layout;
}

/** A row as JSON, with an encoding for values that JSON does not have. */
export function encodeColumns(row: Row): { readonly [column: string]: Encoded } {
  if (isAllPlain(row)) return row as { readonly [column: string]: Encoded };
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, encode(value)]));
}

function isAllPlain(row: Row): boolean {
  for (const name in row) if (!isPlain(row[name] as Value)) return false;
  return true;
}

function isPlain(value: Value): boolean {
  return value === null || (typeof value !== "object" && typeof value !== "bigint");
}

function encode(value: Value): Encoded {
  if (typeof value === "bigint") return ["i", value.toString()];
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Real) return ["r", value.text];
  if (Array.isArray(value)) return ["a", value.map(encode)];
  return ["o", encodeColumns(value as Row)];
}

export function decodeColumns(columns: { [column: string]: Encoded }): Row {
  for (const name of Object.keys(columns)) {
    const value = columns[name];
    if (typeof value === "object" && value !== null)
      (columns as { [column: string]: Value })[name] = decode(value);
  }
  return columns as Row;
}

function decode(value: Encoded): Value {
  if (typeof value !== "object" || value === null) return value;
  switch (value[0]) {
    case "i":
      return BigInt(value[1]);
    case "r":
      return new Real(value[1]);
    case "a":
      return value[1].map(decode);
    case "o":
      return decodeColumns(value[1]);
  }
}

/** The rejection of a row that is too large to store; `null` if it can be stored. @param text the encoded row */
export function rejectionOf(text: string, { value }: SourceRecord): CdcError | null {
  // Only a large record makes a large row: the bytes of other rows are not counted.
  if (value === null || value.length < LARGEST_ROW_BYTES / 8) return null;
  if (Buffer.byteLength(text) <= LARGEST_ROW_BYTES) return null;
  return new CdcError(
    "ROW_TOO_LARGE",
    `the row has more than ${LARGEST_ROW_BYTES} bytes, the most that a changelog takes; leave large columns out with Debezium's column.exclude.list`,
  );
}
