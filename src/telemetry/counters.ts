/** Everything that is counted, once, with its meaning. */
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
  rows_walked: "stored rows that a new or changed sync was held against",
  rows_not_walked: "stored rows for which the filter of a new or changed sync failed",
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
  batches: "requests that Segment took",
  retries: "requests tried again",
  dead_letters: "records and messages set aside with a reason",
  redriven: "dead letters sent through again",
  outdated: "dead letters whose row has moved on since",
  not_redriven: "dead letters that cannot be sent through again here",
  checkpoints: "checkpoints",
} as const;

export type CounterName = keyof typeof COUNTERS;

/** Reasons kept apart for each counter: names of fields and columns, which are few; the rest is only counted. */
const REASONS = 50;

export class Counters {
  readonly #values = new Map<CounterName, number>();
  readonly #reasons = new Map<CounterName, Map<string, number>>();

  /** @param reason what it was, where the sum alone would not help */
  add(name: CounterName, by = 1, reason?: string): void {
    if (by === 0) return;
    this.#values.set(name, this.get(name) + by);
    if (reason === undefined) return;
    const reasons = this.#reasons.get(name) ?? new Map<string, number>();
    this.#reasons.set(name, reasons);
    if (reasons.has(reason) || reasons.size < REASONS)
      reasons.set(reason, (reasons.get(reason) ?? 0) + by);
  }

  get(name: CounterName): number {
    return this.#values.get(name) ?? 0;
  }

  /** The reasons of a counter with how often each, the most frequent first. */
  reasons(name: CounterName): readonly (readonly [string, number])[] {
    return [...(this.#reasons.get(name) ?? [])].toSorted(([, a], [, b]) => b - a);
  }
}
