import type { RecordFormat } from "../data/record.ts";
import type { ErrorCode } from "../lib/errors.ts";
import { Histogram } from "./histogram.ts";

/** Every counter with its meaning, for the summary that commands print at their end. */
export const COUNTERS = {
  records: "records processed",
  other_records: "records of topics that no model reads",
  non_rows: "heartbeats, transactions, schema changes, logical messages, notifications and signals",
  tombstones: "tombstones that belong to the delete before them",
  stale: "stale records: older than the stored row (redelivery)",
  source_position_resets:
    "records with a lower source position and a later commit time (new or restored server)",
  duplicates: "duplicate records: below the next offset, dropped",
  out_of_order: "records of a file whose offset does not increase",
  truncates: "truncate records",
  key_changes: "primary-key changes sent as one change",
  key_changes_timed_out:
    "primary-key changes whose delete did not arrive within keyChangeTimeout: sent as changed without previous values",
  key_changes_unreadable: "records of a primary-key change with an unreadable header",
  rows_backfilled: "stored rows read by a backfill",
  rows_not_backfilled: "stored rows that a backfill skipped because the filter failed",
  reconciled: "rows removed because a complete new snapshot does not contain them",
  added: "rows that became members of a sync",
  changed: "members with a changed watched column",
  removed: "rows that are no longer members of a sync",
  unchanged: "changes skipped: no watched column differs",
  initialResult: "changes skipped: initial results",
  missingUser: "changes skipped: no user, and missingUser is ignore",
  fields_left_out:
    "traits or properties left out because the column is missing or the expression failed",
  messages: "messages added to a delivery queue",
  messages_delivered: "messages accepted by Segment",
  bytes_delivered: "bytes of the accepted messages",
  batches: "requests accepted by Segment",
  retries: "requests retried",
  dead_letters: "records and messages sent to the dead letter queue",
  redriven: "dead letters resent",
  outdated: "dead letters whose row has changed since",
  not_redriven: "dead letters that cannot be resent here",
  checkpoints: "checkpoints",
} as const;

export type CounterName = keyof typeof COUNTERS;

/** The counted reasons of `classify` for which a sync sends no message. */
const COUNTED_SKIPS = ["unchanged", "initialResult", "missingUser"] as const;
type CountedSkip = (typeof COUNTED_SKIPS)[number];

const CHANGES_AND_MESSAGES = [
  "added",
  "changed",
  "removed",
  "messages",
  "messages_delivered",
] as const;
type SyncCounter = (typeof CHANGES_AND_MESSAGES)[number];

export type SyncCounts = { [name in SyncCounter]: number } & {
  readonly skipped: { [reason in CountedSkip]: number };
};

/** Counters that are sums of other counts. */
type Sum =
  | SyncCounter
  | CountedSkip
  | "records"
  | "batches"
  | "retries"
  | "dead_letters"
  | "checkpoints";

export type RecordCounts = {
  row: number;
  tombstone: number;
  "non-row": number;
  unreadable: number;
};

/** Responses of Segment by the action that follows. */
export type Responses = { [action in ResponseActionKind]: number };
export type ResponseActionKind = "delivered" | "retry" | "throttled" | "rejected" | "stop";

/** Seconds from commit to acceptance: well under one without lag, hours after an outage. */
const DELAY_S = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600, 21_600, 86_400];
const CHECKPOINT_S = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** Reasons counted separately per counter: names of fields and columns. Further reasons are only in the total. */
const MAX_REASONS = 50;

/**
 * Plain numbers in objects of a fixed shape. The hot path increments a field of an object it has looked up once; sums,
 * names and labels are computed when the counters are read.
 */
export class Counters {
  /** By format and kind; truncate records are counted separately. */
  readonly records: { readonly [format in RecordFormat]: RecordCounts } = {
    json: noRecords(),
    "json-with-schema": noRecords(),
    avro: noRecords(),
    "json-schema": noRecords(),
    protobuf: noRecords(),
    none: noRecords(),
    unknown: noRecords(),
  };
  readonly responses: Responses = { delivered: 0, retry: 0, throttled: 0, rejected: 0, stop: 0 };
  readonly deadLetters: { [code in ErrorCode]?: number } = {};
  /** Seconds from the commit in the database to acceptance by Segment, per message. */
  readonly delivery = new Histogram(DELAY_S);
  /** Duration of checkpoints in seconds. */
  readonly checkpoint = new Histogram(CHECKPOINT_S);
  readonly #syncs = new Map<string, SyncCounts>();
  readonly #values = Object.fromEntries(Object.keys(COUNTERS).map((name) => [name, 0])) as {
    [name in CounterName]: number;
  };
  readonly #reasons = new Map<CounterName, Map<string, number>>();

  /** @param reason counted separately, for example the field that was left out */
  add(name: Exclude<CounterName, Sum>, by = 1, reason?: string): void {
    this.#values[name] += by;
    if (by === 0 || reason === undefined) return;
    const reasons = this.#reasons.get(name) ?? new Map<string, number>();
    this.#reasons.set(name, reasons);
    if (reasons.has(reason) || reasons.size < MAX_REASONS)
      reasons.set(reason, (reasons.get(reason) ?? 0) + by);
  }

  /** The counts of one sync, for the caller to increment. The empty name is for messages of an unknown sync. */
  sync(name: string): SyncCounts {
    const known = this.#syncs.get(name);
    if (known) return known;
    const counts: SyncCounts = {
      ...{ added: 0, changed: 0, removed: 0, messages: 0, messages_delivered: 0 },
      skipped: { unchanged: 0, initialResult: 0, missingUser: 0 },
    };
    this.#syncs.set(name, counts);
    return counts;
  }

  get syncs(): ReadonlyMap<string, SyncCounts> {
    return this.#syncs;
  }

  recordDeadLetter(code: ErrorCode): void {
    this.deadLetters[code] = (this.deadLetters[code] ?? 0) + 1;
  }

  get(name: CounterName): number {
    switch (name) {
      case "records":
        return sum(Object.values(this.records).flatMap((counts) => Object.values(counts)));
      case "batches":
        return this.responses.delivered;
      case "retries":
        return this.responses.retry + this.responses.throttled;
      case "dead_letters":
        return sum(Object.values(this.deadLetters));
      case "checkpoints":
        return this.checkpoint.count;
    }
    const syncs = [...this.#syncs.values()];
    if (isSyncCounter(name)) return sum(syncs.map((counts) => counts[name]));
    if (isCountedSkip(name)) return sum(syncs.map(({ skipped }) => skipped[name]));
    return this.#values[name];
  }

  /** The reasons of a counter with their counts, the most frequent first. */
  reasons(name: CounterName): readonly (readonly [string, number])[] {
    if (name === "dead_letters") return sorted(Object.entries(this.deadLetters));
    return sorted([...(this.#reasons.get(name) ?? [])]);
  }
}

function noRecords(): RecordCounts {
  return { row: 0, tombstone: 0, "non-row": 0, unreadable: 0 };
}

function isSyncCounter(name: CounterName): name is SyncCounter {
  return (CHANGES_AND_MESSAGES as readonly string[]).includes(name);
}

function isCountedSkip(name: CounterName): name is CountedSkip {
  return (COUNTED_SKIPS as readonly string[]).includes(name);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function sorted(reasons: readonly [string, number][]): readonly (readonly [string, number])[] {
  return reasons.toSorted(([, a], [, b]) => b - a);
}
