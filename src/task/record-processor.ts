import type { ChangeContext } from "../classify/change-context.ts";
import type { RecordContext } from "../classify/initial-result.ts";
import type { ControlMessage, RemovalRequest } from "../coordination/control-message.ts";
import { deletionByTombstone, removal } from "../data/deletion.ts";
import type { SourceEvent, Truncate } from "../data/event.ts";
import { type RecordFormat, recordName, type SourceRecord } from "../data/record.ts";
import type { StoredRow } from "../data/stored-row.ts";
import { Decoder } from "../decode/decoder.ts";
import type { SchemaRegistry } from "../decode/format/schema-registry.ts";
import type { DeadLetter } from "../dlq/dead-letters.ts";
import type { FailureRatio } from "../dlq/failure-ratio.ts";
import { CdcError } from "../lib/errors.ts";
import type { Prefetched } from "../state/handovers.ts";
import { Backfill } from "./backfill.ts";
import { KeyChanges } from "./key-changes.ts";
import { emptyOutput, type Output } from "./output.ts";
import { snapshotEnd } from "./removal/snapshots.ts";
import { RowProcessor } from "./row-processor.ts";
import type { TaskContext } from "./task-context.ts";
import type { TaskOffset } from "./task-offset.ts";

/** Results of a group of records, up to the first truncate in it. */
export type GroupOutput = Output & { readonly count: number; readonly truncate: Truncate | null };

export type RecordProcessorOptions = {
  readonly context: TaskContext;
  /** Moved past each record. */
  readonly taskOffset: TaskOffset;
  readonly registry: SchemaRegistry | null;
  /** This many records in a row that come to nothing but dead letters stop the task. */
  readonly maxConsecutive: number;
  /** And so does too large a part of what all tasks of the process took. */
  readonly rejections: FailureRatio;
};

type Decoded = {
  readonly record: SourceRecord;
  readonly event: SourceEvent | CdcError;
  readonly format: RecordFormat;
};

/** What the store has of a group's keys. */
type Known = {
  readonly rows: ReadonlyMap<string, StoredRow>;
  readonly handovers: Prefetched;
};

/**
 * The flow of one task, record by record: decode → classify against the stored row → map. It moves the position in
 * memory; making that durable is the checkpoint's work.
 */
export class RecordProcessor {
  readonly #options: RecordProcessorOptions;
  readonly #decoder: Decoder;
  readonly #rows: RowProcessor;
  readonly #keyChanges: KeyChanges;
  readonly #backfill: Backfill;
  #maxConsecutive = 0;

  constructor(options: RecordProcessorOptions) {
    const { context, registry } = options;
    this.#options = options;
    this.#decoder = new Decoder(context.topicTopology.format, registry);
    this.#rows = new RowProcessor(context);
    this.#keyChanges = new KeyChanges(context, this.#rows);
    this.#backfill = new Backfill(context, this.#rows);
  }

  /** Until when records wait for what another partition has to tell; `null` where none does. No position may pass them. */
  get waitsUntil(): number | null {
    return this.#keyChanges.waitsUntil;
  }

  /**
   * Processes records up to the first truncate, which it leaves for the task: it concerns every partition.
   * @returns what came out, how many records were processed, and the truncate that stands next
   */
  async process(records: readonly SourceRecord[]): Promise<GroupOutput> {
    const { context, registry, taskOffset } = this.#options;
    const { records: counts } = context.counters;
    await registry?.prepare(records);
    const decoded = records.map((record) => this.#decode(record));
    const known = await this.#known(
      decoded.flatMap(({ event }) => (event instanceof CdcError ? [] : [event])),
    );
    const output = emptyOutput();
    let count = 0;
    for (const { record, event, format } of decoded) {
      if ("kind" in event && event.kind === "truncate")
        return { ...output, count, truncate: event };
      counts[format][event instanceof CdcError ? "unreadable" : event.kind] += 1;
      const sent = output.messages.length;
      const rejected = output.rejected.length;
      if (event instanceof CdcError)
        this.#rows.reject(output, {
          record,
          error: event,
          isInitial: !taskOffset.record.streaming,
        });
      else this.#apply(event, record, known, output);
      this.#advance(record, event);
      const isRejected = output.rejected.length > rejected && output.messages.length === sent;
      this.#countRefused(isRejected, record, output.rejected.at(-1));
      count += 1;
    }
    return { ...output, count, truncate: null };
  }

  /** Takes in what another task tells of keys that changed. */
  async receive(message: ControlMessage): Promise<Output> {
    const output = emptyOutput();
    await this.#keyChanges.receive(message, output);
    return output;
  }

  /** Goes on with the records whose waiting is over: what they waited for has come, or the time is past `now`. */
  async release(now: number): Promise<Output> {
    const output = emptyOutput();
    for (;;) {
      const others = await this.#keyChanges.release(now, output);
      if (others === null) return output;
      const known = await this.#known(others.map(({ event }) => event));
      for (const context of others) this.#applyRow(context, known, output);
    }
  }

  /** Removes one row of those that a truncate, or the end of a snapshot, asks to remove. */
  remove(
    key: string,
    row: StoredRow,
    { table, time, sourcePosition, ...by }: RemovalRequest,
  ): Output {
    const output = emptyOutput();
    const event = removal({ key, table, time, sourcePosition });
    const { next } = this.#options.taskOffset.record;
    const recordContext = { offset: next, streaming: true, skippedSyncs: by.skippedSyncs };
    this.#rows.apply(
      { event, recordContext, record: by.record, changeId: by.changeId },
      row,
      output,
    );
    return output;
  }

  /** Has new and changed syncs see one stored row. */
  backfill(key: string, row: StoredRow): Output {
    const { taskOffset } = this.#options;
    const { backfill } = taskOffset.record;
    if (backfill === null) return emptyOutput();
    taskOffset.advanceBackfill(key);
    return this.#backfill.process(key, row, backfill);
  }

  /** The syncs to which the record is one from before they began. */
  skippedSyncsBelow(offset: number): readonly string[] {
    const syncs = this.#rows.rules.flatMap((model) => model.syncs);
    return syncs.filter(({ boundary }) => offset < boundary).map(({ name }) => name);
  }

  #decode(record: SourceRecord): Decoded {
    const { event, format } = this.#decoder.read(record);
    return { record, event, format };
  }

  async #known(events: readonly SourceEvent[]): Promise<Known> {
    const keys = new Set(events.flatMap((event) => ("key" in event ? [event.key] : [])));
    const [rows, handovers] = await Promise.all([
      this.#options.context.state.prefetch(keys),
      this.#keyChanges.prefetch(events),
    ]);
    return { rows, handovers };
  }

  #apply(
    event: Exclude<SourceEvent, Truncate>,
    record: SourceRecord,
    known: Known,
    output: Output,
  ): void {
    const { taskOffset } = this.#options;
    const { counters, topicTopology } = this.#options.context;
    if (event.kind === "non-row") return counters.add("non_rows");
    if (event.kind === "tombstone" && event.key === taskOffset.record.lastDelete)
      return counters.add("tombstones");
    const row = event.kind === "tombstone" ? deletionByTombstone(event, record) : event;
    if (taskOffset.isFromBeforeTruncate(row)) return counters.add("stale");
    const { streaming } = taskOffset.record;
    const recordContext: RecordContext = { offset: record.offset, streaming };
    const changeId = row.sourcePosition ?? `${record.partition}/${record.offset}`;
    const context = { event: row, record, recordContext, changeId };
    this.#applyRow(context, known, output);
    if (row.endsSnapshot && topicTopology.reconcile)
      output.controlMessages.push(snapshotEnd(context, this.skippedSyncsBelow(record.offset)));
  }

  #applyRow(context: ChangeContext, { rows, handovers }: Known, output: Output): void {
    const previous = this.#options.context.state.row(context.event.key, rows);
    if (this.#keyChanges.takes(context, previous, handovers, output)) return;
    this.#rows.apply(context, previous, output);
  }

  #advance(record: SourceRecord, event: SourceEvent | CdcError): void {
    const row = !(event instanceof CdcError) && event.kind === "row" ? event : null;
    this.#options.taskOffset.advance(record, event, row);
  }

  #countRefused(isRejected: boolean, record: SourceRecord, last: DeadLetter | undefined): void {
    const { rejections, maxConsecutive } = this.#options;
    this.#maxConsecutive = isRejected ? this.#maxConsecutive + 1 : 0;
    if (this.#maxConsecutive >= maxConsecutive)
      throw tooMany(record, `the last ${this.#maxConsecutive} records all`, last, "maxConsecutive");
    if (rejections.add(isRejected))
      throw tooMany(record, `${rejections.rejected} of the last records`, last, "maxRatio");
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
