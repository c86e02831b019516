import type { Headers } from "../../src/data/record.ts";
import { envelope, type SourceFields } from "./debezium.ts";

/** Key, value and headers of a record that a test puts into a partition. */
export type Change = {
  readonly key: unknown;
  readonly value: unknown;
  readonly headers?: Headers;
  readonly timestamp?: number;
};

type UserRow = { readonly id: number | string; readonly [column: string]: unknown };

/** The commit time of an LSN, one second per LSN. */
export function commitTimeOf(lsn: number): number {
  return 1_700_000_000_000 + lsn * 1000;
}

/** A change of the row at an LSN, as PostgreSQL's connector writes it. */
function change(op: string, row: UserRow, lsn: number, source: SourceFields = {}): Change {
  const after = op === "d" ? null : row;
  // With the default replica identity, `before` has the key and made-up values.
  const before = op === "d" ? { id: row.id, email: "" } : null;
  return {
    key: { id: row.id },
    value: envelope({ op, before, after, source: { lsn, ts_ms: commitTimeOf(lsn), ...source } }),
    timestamp: commitTimeOf(lsn) + 500,
  };
}

export const insert = (row: UserRow, lsn: number, source?: SourceFields) =>
  change("c", row, lsn, source);
export const update = (row: UserRow, lsn: number, source?: SourceFields) =>
  change("u", row, lsn, source);
export const read = (row: UserRow, lsn: number, source?: SourceFields) =>
  change("r", row, lsn, { snapshot: "true", ...source });
export const remove = (id: number | string, lsn: number, source?: SourceFields) =>
  change("d", { id }, lsn, source);

export function tombstone(id: number | string): Change {
  return { key: { id }, value: null };
}

export function truncate(lsn: number): Change {
  return {
    key: null,
    value: envelope({ op: "t", source: { lsn, ts_ms: commitTimeOf(lsn) } }),
    timestamp: commitTimeOf(lsn) + 500,
  };
}

export function heartbeat(): Change {
  return { key: null, value: { ts_ms: 1_700_000_000_000 } };
}
