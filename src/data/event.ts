import type { Row } from "./row.ts";

/**
 * The position of one change of one row in the database's log: `line|order`. Positions of the same line are compared as
 * texts (numbers are padded with zeros); positions of different lines cannot be compared. A suffix after `~`
 * distinguishes positions without a known order. A part `*` of a line matches any part, because MySQL's snapshots do not
 * name their server.
 */
export type SourcePosition = string;

/** Whether both have the same line and `a` is strictly before `b`. */
export function isBefore(a: SourcePosition, b: SourcePosition): boolean {
  // Nearly all positions increase, which the texts show without being parsed.
  if (a >= b && !a.includes("*") && !b.includes("*")) return false;
  return isSameLine(lineOf(a), lineOf(b)) && orderOf(a) < orderOf(b);
}

function isSameLine(a: string, b: string): boolean {
  if (a === b) return true;
  if (!a.includes("*") && !b.includes("*")) return false;
  const [as, bs] = [a.split(":"), b.split(":")];
  return (
    as.length === bs.length &&
    as.every((part, i) => part === bs[i] || part === "*" || bs[i] === "*")
  );
}

function lineOf(position: SourcePosition): string {
  return position.slice(0, position.lastIndexOf("|"));
}

function orderOf(position: SourcePosition): string {
  const end = position.lastIndexOf("~");
  return position.slice(position.lastIndexOf("|"), end === -1 ? undefined : end);
}

/** What the record did to the row; `unknown` if it does not contain it (flattened without `__op`). */
export type Operation = "create" | "update" | "read" | "delete" | "unknown";

/**
 * Half of a primary-key change. Debezium writes two records: the delete of the old key contains the new key (`to`), the
 * create of the new key contains the old one (`from`).
 */
export type KeyChange = { readonly to: string } | { readonly from: string };

/** A decoded record of a table: one change of one row. */
export type RowEvent = {
  readonly kind: "row";
  /** The record key's values as canonical JSON, `["org1",7]`: the identity of the row within its topic. */
  readonly key: string;
  /** `schema.table` or `database.table` of the source block, else the topic. */
  readonly table: string;
  readonly operation: Operation;
  /** The next row without its unavailable columns; `null` for a removal. */
  readonly row: Row | null;
  /** Unchanged columns that the database did not send to the connector (PostgreSQL's TOAST). */
  readonly unavailable: readonly string[];
  /** The row before the change, only if the connector is known to send it complete. */
  readonly before: Row | null;
  /** Column defaults of the record's schema; `null` if it has none. */
  readonly defaults: Row | null;
  /** Commit time in the database, ms since 1970; if unknown, the time in Debezium or Kafka. */
  readonly time: number;
  readonly isCommitTime: boolean;
  readonly sourcePosition: SourcePosition | null;
  /** A read of an incremental snapshot, which may arrive at any time between changes. */
  readonly incremental: boolean;
  /** The last read of a full snapshot of its table. */
  readonly endsSnapshot: boolean;
  /** Half of a primary-key change, with `keyChange: changed`; `unreadable` if its header is. */
  readonly keyChange: KeyChange | "unreadable" | null;
};

/** A record without a value: a removal of its key, unless it belongs to the delete before it. */
export type Tombstone = {
  readonly kind: "tombstone";
  readonly key: string;
  /** From headers that flattening added; a plain tombstone has neither source position nor time. */
  readonly sourcePosition: SourcePosition | null;
  /** Commit time in the database. */
  readonly time: number | null;
  readonly keyChange: RowEvent["keyChange"];
};

/** `TRUNCATE`: removes every row of the table stored from before it. */
export type Truncate = {
  readonly kind: "truncate";
  readonly table: string;
  readonly time: number;
  readonly sourcePosition: SourcePosition | null;
};

/** A record that is not a row and is never processed as one. */
export type NonRow = { readonly kind: "non-row"; readonly what: NonRowKind };
export type NonRowKind =
  | "heartbeat"
  | "transaction"
  | "schema change"
  | "logical message"
  | "notification"
  | "signal";

export type SourceEvent = RowEvent | Tombstone | Truncate | NonRow;
