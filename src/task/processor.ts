import { type Change, classify, type Standing } from "../classify/classify.ts";
import type { ModelRule } from "../classify/rules.ts";
import { isStaleAfter } from "../classify/truncated.ts";
import { Decoder } from "../decode/decoder.ts";
import type { SchemaRegistry } from "../decode/schema-registry.ts";
import { LIMITS } from "../deliver/batch.ts";
import type { DeadLetter } from "../deliver/dead-letters.ts";
import type { LaneMessage } from "../deliver/lane.ts";
import { CdcError } from "../errors.ts";
import type { RowEvent, SourceEvent, Truncate } from "../event.ts";
import type { Occasion, Sync } from "../map/sync.ts";
import { recordName, type SourceRecord } from "../record.ts";
import type { PositionRecord, SyncEntry } from "../state/position-record.ts";
import type { TaskState } from "../state/task-state.ts";
import type { StoredRow } from "../stored-row.ts";
import type { Counters } from "../telemetry/counters.ts";
import { rulesOf, type TopicPlan } from "./plan.ts";
import { removal, removalByTombstone } from "./removal.ts";
import type { Removal } from "./truncation.ts";

/** What came out of some records: messages in their order, and what was set aside. */
export type Results = { readonly messages: LaneMessage[]; readonly letters: DeadLetter[] };

/** Results of a group of records, up to the first truncate in it. */
export type GroupResults = Results & { readonly count: number; readonly truncate: Truncate | null };

export type ProcessorOptions = {
  readonly plan: TopicPlan;
  /** The syncs by their numbers in the stored rows. */
  readonly syncs: readonly SyncEntry[];
  readonly position: PositionRecord;
  readonly state: TaskState;
  readonly counters: Counters;
  readonly registry: SchemaRegistry | null;
  /** This many records in a row that come to nothing but dead letters stop the task. */
  readonly refusedInARow: number;
};

/** What happened to a row, and the record that told it; `place` names it in message ids. */
type Occurrence = {
  readonly event: RowEvent;
  readonly record: SourceRecord;
  readonly standing: Standing;
  readonly place: string;
};

type Decoded = { readonly record: SourceRecord; readonly event: SourceEvent | CdcError };

/**
 * The flow of one task, record by record: decode → classify against the stored row → map. It moves the position in
 * memory; making that durable is the checkpoint's work.
 */
export class Processor {
  readonly #decoder: Decoder;
  readonly #rules: readonly ModelRule[];
  readonly #syncs: ReadonlyMap<string, Sync>;
  readonly #state: TaskState;
  readonly #counters: Counters;
  readonly #registry: SchemaRegistry | null;
  #position: PositionRecord;
  readonly #mostRefused: number;
  #refusedInARow = 0;

  constructor({
    plan,
    syncs,
    position,
    state,
    counters,
    registry,
    refusedInARow,
  }: ProcessorOptions) {
    this.#decoder = new Decoder(plan.format, registry);
    this.#rules = rulesOf(plan, syncs);
    this.#syncs = new Map(
      plan.models.flatMap((model) => model.syncs.map(({ sync }) => [sync.name, sync])),
    );
    this.#state = state;
    this.#counters = counters;
    this.#registry = registry;
    this.#position = position;
    this.#mostRefused = refusedInARow;
  }

  get position(): PositionRecord {
    return this.#position;
  }

  /**
   * Processes records up to the first truncate, which it leaves for the task: it concerns every partition.
   * @returns what came out, how many records were processed, and the truncate that stands next
   */
  async process(records: readonly SourceRecord[]): Promise<GroupResults> {
    await this.#registry?.prepare(records);
    const decoded = records.map((record) => this.#decode(record));
    const rows = await this.#state.prefetch(
      new Set(decoded.flatMap(({ event }) => ("key" in event ? [event.key] : []))),
    );
    const results: Results = { messages: [], letters: [] };
    let count = 0;
    for (const { record, event } of decoded) {
      if ("kind" in event && event.kind === "truncate")
        return { ...results, count, truncate: event };
      this.#counters.add("records");
      const { messages, letters } = results;
      const [sent, refused] = [messages.length, letters.length];
      if (event instanceof CdcError) this.#refuse(results, { record, error: event });
      else this.#apply(event, record, rows, results);
      this.#advance(record, event);
      this.#refusedInARow =
        letters.length > refused && messages.length === sent ? this.#refusedInARow + 1 : 0;
      if (this.#refusedInARow >= this.#mostRefused) {
        throw tooMany(record, this.#refusedInARow, letters.at(-1));
      }
      count += 1;
    }
    return { ...results, count, truncate: null };
  }

  /** Removes one row that a truncate of the table found in the store. */
  remove(key: string, row: StoredRow, { truncate, record, place }: Removal): Results {
    const results: Results = { messages: [], letters: [] };
    const { table, time, position } = truncate;
    const event = removal({ key, table, time, position });
    const standing = { offset: this.#position.next, streaming: true };
    this.#classify({ event, record, standing, place }, row, results);
    return results;
  }

  /** Records from before the truncate that come later are stale; an older truncate told again is one of them. */
  remember(truncate: Truncate): void {
    const { position, time } = truncate;
    if (isStaleAfter(this.#position.truncated, truncate)) return;
    this.#position = { ...this.#position, truncated: { position, time } };
  }

  /** Goes past a record without any effect. */
  skip(record: SourceRecord): void {
    this.#position = { ...this.#position, next: record.offset + 1, lastDelete: null };
  }

  #decode(record: SourceRecord): Decoded {
    try {
      return { record, event: this.#decoder.decode(record) };
    } catch (error) {
      if (error instanceof CdcError) return { record, event: error };
      throw error;
    }
  }

  #apply(
    event: Exclude<SourceEvent, Truncate>,
    record: SourceRecord,
    rows: ReadonlyMap<string, StoredRow>,
    results: Results,
  ): void {
    if (event.kind === "non-row") return this.#counters.add("non_rows");
    if (event.kind === "tombstone" && event.key === this.#position.lastDelete)
      return this.#counters.add("tombstones");
    const row = event.kind === "tombstone" ? removalByTombstone(event, record) : event;
    if (isStaleAfter(this.#position.truncated, row)) return this.#counters.add("stale");
    const standing = { offset: record.offset, streaming: this.#position.streaming };
    const place = row.position ?? `${record.partition}/${record.offset}`;
    const previous = this.#state.row(row.key, rows);
    this.#classify({ event: row, record, standing, place }, previous, results);
  }

  #classify(
    { event, record, standing, place }: Occurrence,
    previous: StoredRow | null,
    results: Results,
  ): void {
    const outcome = classify(previous, event, standing, this.#rules);
    if (outcome.verdict === "stale") return this.#counters.add("stale");
    if (outcome.stored) this.#state.put(event.key, outcome.stored);
    if (outcome.positionReset) this.#counters.add("position_resets");
    this.#counters.add("calls_not_made", outcome.unchanged);
    this.#counters.add("initial_skipped", outcome.initial);
    this.#counters.add("missing_users_ignored", outcome.usersIgnored);
    for (const { by, error } of outcome.refusals) this.#refuse(results, { record, error, by });
    for (const change of outcome.changes) {
      this.#counters.add(change.kind);
      this.#map(change, { ...event, topic: record.topic, place }, record, results);
    }
  }

  #map(change: Change, occasion: Occasion, record: SourceRecord, results: Results): void {
    const sync = this.#syncs.get(change.sync.name) as Sync;
    try {
      const leftOut = (field: string, reason: string) =>
        this.#counters.add("fields_left_out", 1, `${sync.name}.${field}: ${reason}`);
      for (const message of sync.messages(change, occasion, leftOut)) {
        const text = JSON.stringify(message);
        const bytes = Buffer.byteLength(text);
        if (bytes > LIMITS.message_bytes) throw tooLarge(sync.name, bytes);
        results.messages.push({ text, bytes, record });
        this.#counters.add("messages");
      }
    } catch (error) {
      if (!(error instanceof CdcError)) throw error;
      this.#refuse(results, { record, error, by: sync.name });
    }
  }

  #refuse(results: Results, letter: DeadLetter): void {
    if (letter.error.next === "stop") throw letter.error;
    results.letters.push(letter);
    this.#counters.add("dead_letters");
  }

  #advance(record: SourceRecord, event: SourceEvent | CdcError): void {
    const { streaming } = this.#position;
    const isRow = !(event instanceof CdcError) && event.kind === "row";
    this.#position = {
      ...this.#position,
      next: record.offset + 1,
      lastDelete: isRow && event.row === null ? event.key : null,
      streaming: streaming || (isRow && event.operation !== "read" && !event.incremental),
    };
  }
}

/** A bad deploy refuses every record: better to stop than to drain the topic into the dead letters. */
function tooMany(record: SourceRecord, count: number, last: DeadLetter | undefined): CdcError {
  return new CdcError(
    "TOO_MANY_DEAD_LETTERS",
    `${recordName(record)}: the last ${count} records all ended as dead letters, the last because ${last?.error.message}; ` +
      "mend the cause and start again, or raise deadLetters.stopAfterInARow",
  );
}

function tooLarge(sync: string, bytes: number): CdcError {
  return new CdcError(
    "MESSAGE_TOO_LARGE",
    `sync "${sync}": the message has ${bytes} bytes and Segment takes 32 KB (we keep to ${LIMITS.message_bytes}); map fewer or shorter columns`,
  );
}
