import type { RecordFormat } from "../data/record.ts";
import type { ErrorCode } from "../lib/errors.ts";
import { Histogram } from "./histogram.ts";

/** Everything that is counted, once, with its meaning: the summary and the metrics both read it here. */
export const COUNTERS = {
  records: "records taken from the source",
  other_records: "records of topics that no model reads",
  non_rows: "heartbeats, transactions, schema changes, logical messages, notifications and signals",
  tombstones: "tombstones that belong to the delete before them",
  stale: "records from before the stored row's position (redelivery)",
  position_resets: "records whose position went back while time went on (a new or restored server)",
  replayed: "records below the stored position, dropped",
  out_of_order: "records of a file whose offset does not rise",
  truncates: "TRUNCATE records",
  key_changes: "primary-key changes told as one",
  key_changes_missed:
    "creates of a changed primary key whose row before did not come in time: told as changed without it",
  key_changes_unreadable: "records of a primary-key change whose header is unreadable",
  rows_backfilled: "stored rows that a new or changed sync was held against",
  rows_not_backfilled: "stored rows for which the filter of a new or changed sync failed",
  reconciled: "rows removed because a complete snapshot no longer contained them",
  added: "rows that became members of a sync",
  changed: "members of which a watched column changed",
  removed: "rows that stopped to be members of a sync",
  calls_not_made: "members of which nothing watched changed: calls to Segment that were not made",
  initial_skipped: "changes not sent because the row was there before the sync began",
  missing_users_ignored: "rows without a user that `missingUser: ignore` passed over",
  fields_left_out:
    "traits or properties left out because the row lacks the column or the expression failed",
  messages: "messages handed to the lane",
  messages_delivered: "messages that Segment took",
  bytes_delivered: "bytes of the messages that Segment took",
  batches: "requests that Segment took",
  retries: "requests tried again",
  dead_letters: "records and messages set aside with a reason",
  redriven: "dead letters sent through again",
  outdated: "dead letters whose row has moved on since",
  not_redriven: "dead letters that cannot be sent through again here",
  checkpoints: "checkpoints",
} as const;

export type CounterName = keyof typeof COUNTERS;

/** Counted for each sync. */
const OF_SYNC = [
  "added",
  "changed",
  "removed",
  "calls_not_made",
  "initial_skipped",
  "messages",
  "messages_delivered",
] as const;
type SyncCounter = (typeof OF_SYNC)[number];
export type SyncCounts = { [name in SyncCounter]: number };

/** Sums of what is counted apart. */
type Sum = SyncCounter | "records" | "batches" | "retries" | "dead_letters" | "checkpoints";

export type RecordCounts = {
  row: number;
  tombstone: number;
  "non-row": number;
  unreadable: number;
};

/** What an answer of Segment meant for its batch. */
export type Responses = { [responseAction in ResponseActionKind]: number };
export type ResponseActionKind = "delivered" | "retry" | "slow down" | "rejected" | "stop";

/** Seconds. From commit to acceptance: a lane that keeps up takes well under a second, an outage hours. */
const DELAY_S = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600, 21_600, 86_400];
const CHECKPOINT_S = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** Reasons kept apart for each counter: names of fields and columns, which are few; the rest is only counted. */
const REASONS = 50;

/**
 * Plain numbers in objects of a fixed shape: who counts a record adds to a field that he looked up before. Nothing is
 * summed, named or labelled until somebody asks.
 */
export class Counters {
  /** By what they were and how they were written; records of a truncate are counted as such. */
  readonly records: { readonly [format in RecordFormat]: RecordCounts } = {
    json: noRecords(),
    "json-with-schema": noRecords(),
    avro: noRecords(),
    "json-schema": noRecords(),
    protobuf: noRecords(),
    none: noRecords(),
    unknown: noRecords(),
  };
  readonly responses: Responses = { delivered: 0, retry: 0, "slow down": 0, rejected: 0, stop: 0 };
  readonly deadLetters: { [code in ErrorCode]?: number } = {};
  /** From the commit in the database to Segment's acceptance, for each message, in seconds. */
  readonly delivery = new Histogram(DELAY_S);
  /** How long checkpoints took, in seconds. */
  readonly checkpoint = new Histogram(CHECKPOINT_S);
  readonly #syncs = new Map<string, SyncCounts>();
  readonly #values = Object.fromEntries(Object.keys(COUNTERS).map((name) => [name, 0])) as {
    [name in CounterName]: number;
  };
  readonly #reasons = new Map<CounterName, Map<string, number>>();

  /** @param reason what it was, where the sum alone would not help */
  add(name: Exclude<CounterName, Sum>, by = 1, reason?: string): void {
    this.#values[name] += by;
    if (by === 0 || reason === undefined) return;
    const reasons = this.#reasons.get(name) ?? new Map<string, number>();
    this.#reasons.set(name, reasons);
    if (reasons.has(reason) || reasons.size < REASONS)
      reasons.set(reason, (reasons.get(reason) ?? 0) + by);
  }

  /** The counts of one sync, to be added to; those of messages that name no sync are under the empty name. */
  sync(name: string): SyncCounts {
    const known = this.#syncs.get(name);
    if (known) return known;
    const counts: SyncCounts = {
      ...{ added: 0, changed: 0, removed: 0, calls_not_made: 0, initial_skipped: 0 },
      ...{ messages: 0, messages_delivered: 0 },
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
        return this.responses.retry + this.responses["slow down"];
      case "dead_letters":
        return sum(Object.values(this.deadLetters));
      case "checkpoints":
        return this.checkpoint.count;
    }
    if (!isOfSync(name)) return this.#values[name];
    return sum([...this.#syncs.values()].map((counts) => counts[name]));
  }

  /** The reasons of a counter with how often each, the most frequent first. */
  reasons(name: CounterName): readonly (readonly [string, number])[] {
    if (name === "dead_letters") return sorted(Object.entries(this.deadLetters));
    return sorted([...(this.#reasons.get(name) ?? [])]);
  }
}

function noRecords(): RecordCounts {
  return { row: 0, tombstone: 0, "non-row": 0, unreadable: 0 };
}

function isOfSync(name: CounterName): name is SyncCounter {
  return (OF_SYNC as readonly string[]).includes(name);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function sorted(reasons: readonly [string, number][]): readonly (readonly [string, number])[] {
  return reasons.toSorted(([, a], [, b]) => b - a);
}
