import { classify } from "../../src/classify/classify.ts";
import type { Outcome, SkipReason } from "../../src/classify/decision.ts";
import type { RecordContext } from "../../src/classify/initial-result.ts";
import type { ModelRule, SyncRule } from "../../src/classify/rules.ts";
import type { RowEvent } from "../../src/data/event.ts";
import { column, type Row } from "../../src/data/row.ts";
import type { StoredRow } from "../../src/data/stored-row.ts";
import type { User } from "../../src/data/user.ts";
import { CdcError } from "../../src/lib/errors.ts";

/** A PostgreSQL position, written out here so that tests do not lean on the code that makes it. */
export function lsn(number: number): string {
  return `postgresql|${String(number).padStart(20, "0")}`;
}

export const FREE: Row = { id: 1, user: "u1", plan: "free", email: "a@x" };
export const PRO: Row = { id: 1, user: "u1", plan: "pro", email: "a@x" };

/** A change of the row `PRO` at LSN 20, second 20. */
export function eventOf(over: Partial<RowEvent> = {}): RowEvent {
  return {
    kind: "row",
    key: "[1]",
    table: "public.users",
    operation: "update",
    row: PRO,
    unavailable: [],
    before: null,
    defaults: null,
    time: 20_000,
    isCommitTime: true,
    sourcePosition: lsn(20),
    incremental: false,
    endsSnapshot: false,
    keyChange: null,
    ...over,
  };
}

export function deleteOf(over: Partial<RowEvent> = {}): RowEvent {
  return eventOf({ operation: "delete", row: null, ...over });
}

/** The row `PRO`, stored from LSN 10, second 10, a member of sync 0. */
export function storedOf(over: Partial<StoredRow> = {}): StoredRow {
  return {
    row: PRO,
    offset: 1,
    sourcePosition: lsn(10),
    time: 10_000,
    members: [0],
    since: [5_000],
    pinned: [],
    unknown: [],
    lastMessages: "",
    ...over,
  };
}

/** A sync whose user is the column `user` and which watches `user` and `email`. */
export function syncOf(over: Partial<SyncRule> = {}): SyncRule {
  const name = over.name ?? "sync";
  return {
    name,
    number: 0,
    watched: ["user", "email"],
    user: (row) => userIn(row),
    missingUser: () => new CdcError("MISSING_USER", `sync "${name}": the row has no user`),
    initialResults: "send",
    boundary: 0,
    ...over,
  };
}

function userIn(row: Row): User | null {
  const userId = column(row, "user");
  return typeof userId === "string" ? { userId } : null;
}

/** The model of all rows that are not on the free plan; a row without a plan makes the filter fail. */
export function paying(...syncs: readonly SyncRule[]): ModelRule {
  return {
    name: "paying",
    matches: (row) => {
      const plan = column(row, "plan");
      if (plan === undefined) throw new CdcError("FILTER_FAILED", "no plan");
      return plan !== "free";
    },
    syncs,
  };
}

/** The model of all rows. */
export function everyone(...syncs: readonly SyncRule[]): ModelRule {
  return { name: "everyone", matches: () => true, syncs };
}

export const STREAMING: RecordContext = { offset: 100, streaming: true };

/** Classifies for one sync over the paying rows by default. */
export function outcomeOf(
  previous: StoredRow | null,
  event: RowEvent,
  models: readonly ModelRule[] = [paying(syncOf())],
  recordContext: RecordContext = STREAMING,
): Outcome {
  return classify(previous, event, recordContext, models);
}

/** The reasons of the changes, in order. */
export function reasons({ changes }: Outcome): readonly string[] {
  return changes.map(({ reason }) => reason);
}

/** Why the other syncs send nothing, in order. */
export function skipReasons({ skips }: Outcome): readonly SkipReason[] {
  return skips.map(({ reason }) => reason);
}
