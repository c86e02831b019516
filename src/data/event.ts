import type { Row } from "./row.ts";

/**
 * A place in the database's log that names one change of one row: `line|order`. Positions of one line can be
 * compared, by the plain order of their texts (numbers are padded with zeros); those of two lines cannot. What stands
 * behind a `~` tells apart places between which no order is known; a part `*` of a line stands for any (MySQL's snapshots do
 * not name their server).
 */
export type SourcePosition = string;

/** True only where both stand on one line and `a` comes strictly before `b`. */
export function isBefore(a: SourcePosition, b: SourcePosition): boolean {
  // Nearly all go forward: on one line the texts themselves say so.
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

/** What the record says was done to the row; `unknown` where it does not say (flattened without `__op`). */
export type Operation = "create" | "update" | "read" | "delete" | "unknown";

/**
 * A primary-key change, which Debezium tells in two records: the delete of the old key names the new one (`to`), the
 * create of the new key the old one (`from`).
 */
export type KeyChange = { readonly to: string } | { readonly from: string };

/** A decoded record of a table: what happened to one row, in the database's words. */
export type RowEvent = {
  readonly kind: "row";
  /** The record key's values as canonical JSON, `["org1",7]`: the identity of the row within its topic. */
  readonly key: string;
  /** `schema.table` or `database.table` as the source block names it, else the topic. */
  readonly table: string;
  readonly operation: Operation;
  /** The next row as far as the record holds it, or none: a removal. */
  readonly row: Row | null;
  /** Columns whose unchanged value the connector was not sent (PostgreSQL's TOAST); the previous row has them. */
  readonly unavailable: readonly string[];
  /** The row before, only where the connector is known to send it complete. */
  readonly before: Row | null;
  /** The columns' defaults by the record's schema, where it has one. */
  readonly defaults: Row | null;
  /** Commit time in the database, ms since 1970; when Debezium or Kafka had the record, where that is not known. */
  readonly time: number;
  readonly isCommitTime: boolean;
  readonly sourcePosition: SourcePosition | null;
  /** An incremental snapshot's read, which may come at any time among the changes. */
  readonly incremental: boolean;
  /** The read that ends a full snapshot of its table. */
  readonly endsSnapshot: boolean;
  /** Half of a primary-key change, where those are told as one; `unreadable` where its header is. */
  readonly keyChange: KeyChange | "unreadable" | null;
};

/** A record without a value: a removal of its key, unless it merely follows the delete it belongs to. */
export type Tombstone = {
  readonly kind: "tombstone";
  readonly key: string;
  /** Where flattening put them into the headers; a tombstone by itself has neither. */
  readonly sourcePosition: SourcePosition | null;
  /** Commit time in the database. */
  readonly time: number | null;
  readonly keyChange: RowEvent["keyChange"];
};

/** `TRUNCATE`: every row of the table from before it is gone. */
export type Truncate = {
  readonly kind: "truncate";
  readonly table: string;
  readonly time: number;
  readonly sourcePosition: SourcePosition | null;
};

/** A record that is no row and never taken for one. */
export type NonRow = { readonly kind: "non-row"; readonly what: NonRowKind };
export type NonRowKind =
  | "heartbeat"
  | "transaction"
  | "schema change"
  | "logical message"
  | "notification"
  | "signal";

export type SourceEvent = RowEvent | Tombstone | Truncate | NonRow;
