import type { ChangeContext } from "../classify/change-context.ts";
import type { Standing } from "../classify/initial-result.ts";
import type { Letter, Removal } from "../coordination/control-message.ts";
import { removal, removalByTombstone } from "../data/deletion.ts";
import type { SourceEvent, Truncate } from "../data/event.ts";
import {
  type RecordFormat,
  recordName,
  type SourceRecord,
  type TopicPartition,
} from "../data/record.ts";
import type { StoredRow } from "../data/stored-row.ts";
import { Decoder } from "../decode/decoder.ts";
import type { SchemaRegistry } from "../decode/format/schema-registry.ts";
import type { DeadLetter } from "../dlq/dead-letters.ts";
import type { RefusalRatio } from "../dlq/failure-ratio.ts";
import type { Clock } from "../lib/clock.ts";
import { CdcError } from "../lib/errors.ts";
import type { Counters } from "../metrics/counters.ts";
import type { Prefetched } from "../state/handovers.ts";
import type { SyncEntry } from "../state/sync-versions.ts";
import type { TaskState } from "../state/task-state.ts";
import type { TopicPlan } from "../topology/topology.ts";
import { SyncWalk } from "./backfill.ts";
import { KeyChanges } from "./key-changes.ts";
import { noResults, type Results } from "./output.ts";
import { snapshotEnd } from "./removal/snapshots.ts";
import { RowChanges } from "./row-processor.ts";
import type { TaskPosition } from "./task-offset.ts";

/** Results of a group of records, up to the first truncate in it. */
export type GroupResults = Results & { readonly count: number; readonly truncate: Truncate | null };

export type ProcessorOptions = {
  readonly at: TopicPartition;
  readonly plan: TopicPlan;
  /** The syncs by their numbers in the stored rows. */
  readonly syncs: readonly SyncEntry[];
  /** Moved past each record. */
  readonly position: TaskPosition;
  readonly state: TaskState;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly registry: SchemaRegistry | null;
  /** This many records in a row that come to nothing but dead letters stop the task. */
  readonly refusedInARow: number;
  /** And so does too large a part of what all tasks of the process took. */
  readonly refusals: RefusalRatio;
};

type Decoded = {
  readonly record: SourceRecord;
  readonly event: SourceEvent | CdcError;
  readonly format: RecordFormat;
};

/** What the store has of a group's keys. */
type Known = {
  readonly rows: ReadonlyMap<string, StoredRow>;
  readonly handOvers: Prefetched;
};

/**
 * The flow of one task, record by record: decode → classify against the stored row → map. It moves the position in
 * memory; making that durable is the checkpoint's work.
 */
export class Processor {
  readonly #options: ProcessorOptions;
  readonly #decoder: Decoder;
  readonly #rows: RowChanges;
  readonly #keyChanges: KeyChanges;
  readonly #syncWalk: SyncWalk;
  #refusedInARow = 0;

  constructor(options: ProcessorOptions) {
    const { plan, registry } = options;
    this.#options = options;
    this.#decoder = new Decoder(plan.format, registry);
    this.#rows = new RowChanges(options);
    this.#keyChanges = new KeyChanges({
      ...options,
      rows: this.#rows,
      wait_ms: plan.keyChangeWait_ms,
    });
    this.#syncWalk = new SyncWalk({ ...options, rows: this.#rows });
  }

  /** Until when records wait for what another partition has to tell; `null` where none does. No position may pass them. */
  get waitsUntil(): number | null {
    return this.#keyChanges.waitsUntil;
  }

  /**
   * Processes records up to the first truncate, which it leaves for the task: it concerns every partition.
   * @returns what came out, how many records were processed, and the truncate that stands next
   */
  async process(records: readonly SourceRecord[]): Promise<GroupResults> {
    const { registry, counters, position } = this.#options;
    const { records: counts } = counters;
    await registry?.prepare(records);
    const decoded = records.map((record) => this.#decode(record));
    const known = await this.#known(
      decoded.flatMap(({ event }) => (event instanceof CdcError ? [] : [event])),
    );
    const results = noResults();
    let count = 0;
    for (const { record, event, format } of decoded) {
      if ("kind" in event && event.kind === "truncate")
        return { ...results, count, truncate: event };
      counts[format][event instanceof CdcError ? "unreadable" : event.kind] += 1;
      const sent = results.messages.length;
      const refused = results.refused.length;
      if (event instanceof CdcError)
        this.#rows.refuse(results, {
          record,
          error: event,
          isInitial: !position.record.streaming,
        });
      else this.#apply(event, record, known, results);
      this.#advance(record, event);
      const isRefused = results.refused.length > refused && results.messages.length === sent;
      this.#countRefused(isRefused, record, results.refused.at(-1));
      count += 1;
    }
    return { ...results, count, truncate: null };
  }

  /** Takes in what another task tells of keys that changed. */
  async receive(letter: Letter): Promise<Results> {
    const results = noResults();
    await this.#keyChanges.receive(letter, results);
    return results;
  }

  /** Goes on with the records whose waiting is over: what they waited for has come, or the time is past `now`. */
  async release(now: number): Promise<Results> {
    const results = noResults();
    for (;;) {
      const others = await this.#keyChanges.release(now, results);
      if (others === null) return results;
      const known = await this.#known(others.map(({ event }) => event));
      for (const occurrence of others) this.#applyRow(occurrence, known, results);
    }
  }

  /** Removes one row of those that a truncate, or the end of a snapshot, asks to remove. */
  remove(key: string, row: StoredRow, { table, time, position, ...by }: Removal): Results {
    const results = noResults();
    const event = removal({ key, table, time, position });
    const { next } = this.#options.position.record;
    const standing = { offset: next, streaming: true, silent: by.silent };
    this.#rows.apply({ event, standing, record: by.record, place: by.place }, row, results);
    return results;
  }

  /** Has new and changed syncs see one stored row. */
  walk(key: string, row: StoredRow): Results {
    const { position } = this.#options;
    const { walk } = position.record;
    if (walk === null) return noResults();
    position.walk(key);
    return this.#syncWalk.see(key, row, walk);
  }

  /** The syncs to which the record is one from before they began. */
  silentAt(offset: number): readonly string[] {
    const syncs = this.#rows.rules.flatMap((model) => model.syncs);
    return syncs.filter(({ boundary }) => offset < boundary).map(({ name }) => name);
  }

  #decode(record: SourceRecord): Decoded {
    try {
      const event = this.#decoder.decode(record);
      return { record, event, format: this.#decoder.readAs };
    } catch (error) {
      if (error instanceof CdcError) return { record, event: error, format: this.#decoder.readAs };
      throw error;
    }
  }

  async #known(events: readonly SourceEvent[]): Promise<Known> {
    const keys = new Set(events.flatMap((event) => ("key" in event ? [event.key] : [])));
    const [rows, handOvers] = await Promise.all([
      this.#options.state.prefetch(keys),
      this.#keyChanges.prefetch(events),
    ]);
    return { rows, handOvers };
  }

  #apply(
    event: Exclude<SourceEvent, Truncate>,
    record: SourceRecord,
    known: Known,
    results: Results,
  ): void {
    const { counters, position, plan } = this.#options;
    if (event.kind === "non-row") return counters.add("non_rows");
    if (event.kind === "tombstone" && event.key === position.record.lastDelete)
      return counters.add("tombstones");
    const row = event.kind === "tombstone" ? removalByTombstone(event, record) : event;
    if (position.isFromBeforeTruncate(row)) return counters.add("stale");
    const { streaming } = position.record;
    const standing: Standing = { offset: record.offset, streaming };
    const place = row.position ?? `${record.partition}/${record.offset}`;
    const occurrence = { event: row, record, standing, place };
    this.#applyRow(occurrence, known, results);
    if (row.endsSnapshot && plan.reconcile)
      results.letters.push(snapshotEnd(occurrence, this.silentAt(record.offset)));
  }

  #applyRow(occurrence: ChangeContext, { rows, handOvers }: Known, results: Results): void {
    const previous = this.#options.state.row(occurrence.event.key, rows);
    if (this.#keyChanges.takes(occurrence, previous, handOvers, results)) return;
    this.#rows.apply(occurrence, previous, results);
  }

  #advance(record: SourceRecord, event: SourceEvent | CdcError): void {
    const row = !(event instanceof CdcError) && event.kind === "row" ? event : null;
    this.#options.position.advance(record, event, row);
  }

  #countRefused(isRefused: boolean, record: SourceRecord, last: DeadLetter | undefined): void {
    const { refusals, refusedInARow } = this.#options;
    this.#refusedInARow = isRefused ? this.#refusedInARow + 1 : 0;
    if (this.#refusedInARow >= refusedInARow)
      throw tooMany(record, `the last ${this.#refusedInARow} records all`, last, "stopAfterInARow");
    if (refusals.add(isRefused))
      throw tooMany(record, `${refusals.refused} of the last records`, last, "stopAtRatio");
  }
}

/**
 * A bad deploy refuses every record: better to stop than to drain the topic into the dead letters. It ends in the log,
 * and the reason may quote the record: its code alone is told.
 */
function tooMany(
  record: SourceRecord,
  which: string,
  last: DeadLetter | undefined,
  limit: string,
): CdcError {
  const by = last?.by === undefined ? "" : ` in ${last.by}`;
  return new CdcError(
    "TOO_MANY_DEAD_LETTERS",
    `${recordName(record)}: ${which} ended as dead letters, this one with ${last?.error.code}${by}; ` +
      "the dead letters written so far tell their reasons, `explain --record` tells that of a record that is not among them; " +
      `mend the cause and start again, or raise deadLetters.${limit}`,
  );
}
