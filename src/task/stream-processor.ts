import type { ChangeContext } from "../classify/change-context.ts";
import { isStale } from "../classify/staleness.ts";
import type { ControlMessage, RemovalRequest } from "../coordination/control-message.ts";
import { deletionByTombstone, removal } from "../data/deletion.ts";
import type { SourceEvent, Truncate } from "../data/event.ts";
import { type RecordFormat, recordName, type SourceRecord } from "../data/record.ts";
import type { StoredRow } from "../data/stored-row.ts";
import { Decoder } from "../decode/decoder.ts";
import { CdcError } from "../lib/errors.ts";
import type { Prefetched } from "../state/handovers.ts";
import { Backfill } from "./backfill.ts";
import { KeyChanges } from "./key-changes.ts";
import { NO_OUTPUT, type Output, OutputBuilder } from "./output.ts";
import type { GroupOutput, RecordProcessor, RecordProcessorOptions } from "./record-processor.ts";
import { snapshotEnd } from "./removal/snapshots.ts";
import { RowProcessor } from "./row-processor.ts";

type Decoded = {
  readonly record: SourceRecord;
  readonly event: SourceEvent | CdcError;
  readonly format: RecordFormat;
};

/** The stored entries for the keys of a group. */
type StoredEntries = {
  readonly rows: ReadonlyMap<string, StoredRow>;
  readonly handovers: Prefetched;
};

/** Processes the records of a partition in order: decode → classify with the stored row → map. */
export class StreamProcessor implements RecordProcessor {
  readonly #options: RecordProcessorOptions;
  readonly #decoder: Decoder;
  readonly #rows: RowProcessor;
  readonly #keyChanges: KeyChanges;
  readonly #backfill: Backfill;
  /** Consecutive records that produced only dead letters. */
  #failed = 0;

  constructor(options: RecordProcessorOptions) {
    const { context, registry } = options;
    this.#options = options;
    this.#decoder = new Decoder(context.topicTopology.format, registry);
    this.#rows = new RowProcessor(context);
    this.#keyChanges = new KeyChanges(context, this.#rows);
    this.#backfill = new Backfill(context, this.#rows);
  }

  get waitsUntil(): number | null {
    return this.#keyChanges.waitsUntil;
  }

  async process(records: readonly SourceRecord[]): Promise<GroupOutput> {
    const { context, registry, taskOffset } = this.#options;
    const { records: counts } = context.counters;
    await registry?.prepare(records);
    const decoded = records.map((record) => this.#decode(record));
    const stored = await this.#prefetch(
      decoded.flatMap(({ event }) => (event instanceof CdcError ? [] : [event])),
    );
    const group = new OutputBuilder();
    let count = 0;
    for (const { record, event, format } of decoded) {
      if ("kind" in event && event.kind === "truncate") return groupOutput(group, count, event);
      counts[format][event instanceof CdcError ? "unreadable" : event.kind] += 1;
      const isInitial = !taskOffset.record.streaming;
      const output =
        event instanceof CdcError
          ? this.#rows.reject({ record, error: event, isInitial })
          : this.#processEvent(event, record, stored);
      group.add(output);
      taskOffset.advance(record, event);
      this.#checkFailures(output, record);
      count += 1;
    }
    return groupOutput(group, count, null);
  }

  receive(message: ControlMessage): Promise<Output> {
    return this.#keyChanges.receive(message);
  }

  async release(now: number): Promise<Output> {
    const output = new OutputBuilder();
    for (;;) {
      const released = await this.#keyChanges.release(now);
      if (released === null) return output;
      output.add(released.output);
      const stored = await this.#prefetch(released.deferred.map(({ event }) => event));
      for (const context of released.deferred) output.add(this.#processRow(context, stored));
    }
  }

  remove(key: string, row: StoredRow, request: RemovalRequest): Output {
    const { table, time, sourcePosition, record, changeId, skippedSyncs } = request;
    const event = removal({ key, table, time, sourcePosition });
    const { next: offset } = this.#options.taskOffset.record;
    const recordContext = { offset, streaming: true, skippedSyncs };
    return this.#rows.process({ event, recordContext, record, changeId }, row);
  }

  backfill(key: string, row: StoredRow): Output {
    const { taskOffset } = this.#options;
    const { backfill } = taskOffset.record;
    if (backfill === null) return NO_OUTPUT;
    taskOffset.advanceBackfill(key);
    return this.#backfill.process(key, row, backfill);
  }

  skippedSyncsBelow(offset: number): readonly string[] {
    const syncs = this.#rows.rules.flatMap((model) => model.syncs);
    return syncs.filter(({ boundary }) => offset < boundary).map(({ name }) => name);
  }

  #decode(record: SourceRecord): Decoded {
    const { event, format } = this.#decoder.read(record);
    return { record, event, format };
  }

  async #prefetch(events: readonly SourceEvent[]): Promise<StoredEntries> {
    const keys = new Set(events.flatMap((event) => ("key" in event ? [event.key] : [])));
    const [rows, handovers] = await Promise.all([
      this.#options.context.state.prefetch(keys),
      this.#keyChanges.prefetch(events),
    ]);
    return { rows, handovers };
  }

  #processEvent(
    event: Exclude<SourceEvent, Truncate>,
    record: SourceRecord,
    stored: StoredEntries,
  ): Output {
    const { taskOffset, context } = this.#options;
    const { streaming, lastDelete } = taskOffset.record;
    if (event.kind === "non-row") return this.#skip("non_rows");
    if (event.kind === "tombstone" && event.key === lastDelete) return this.#skip("tombstones");
    const row = event.kind === "tombstone" ? deletionByTombstone(event, record) : event;
    if (taskOffset.isFromBeforeTruncate(row)) return this.#skip("stale");
    const recordContext = { offset: record.offset, streaming };
    const changeId = row.sourcePosition ?? `${record.partition}/${record.offset}`;
    const change = { event: row, record, recordContext, changeId };
    const output = this.#processRow(change, stored);
    if (!row.endsSnapshot || !context.topicTopology.reconcile) return output;
    const end = snapshotEnd(change, this.skippedSyncsBelow(record.offset));
    return { ...output, controlMessages: [...output.controlMessages, end] };
  }

  /** The order of decisions for a row: does its key wait, is it stale, is it half of a key change, else classify. */
  #processRow(change: ChangeContext, { rows, handovers }: StoredEntries): Output {
    if (this.#keyChanges.defer(change)) return NO_OUTPUT;
    const previous = this.#options.context.state.row(change.event.key, rows);
    if (isStale(previous, change.event)) return this.#rows.skipStale(change, previous);
    const output = this.#keyChanges.process(change, previous, handovers);
    return output ?? this.#rows.apply(change, previous);
  }

  #skip(counter: "non_rows" | "tombstones" | "stale"): Output {
    this.#options.context.counters.add(counter);
    return NO_OUTPUT;
  }

  /** @throws CdcError TOO_MANY_DEAD_LETTERS */
  #checkFailures({ rejected, messages }: Output, record: SourceRecord): void {
    const { rejections, maxConsecutive } = this.#options;
    const isFailed = rejected.length > 0 && messages.length === 0;
    this.#failed = isFailed ? this.#failed + 1 : 0;
    if (this.#failed >= maxConsecutive)
      throw tooMany(record, `the last ${this.#failed} records`, rejected, "maxConsecutive");
    if (rejections.add(isFailed))
      throw tooMany(record, `${rejections.rejected} of the last records`, rejected, "maxRatio");
  }
}

function groupOutput(
  { messages, rejected, controlMessages }: Output,
  count: number,
  truncate: Truncate | null,
): GroupOutput {
  return { messages, rejected, controlMessages, count, truncate };
}

/** It is logged, so it contains the code of the dead letter and not its reason, which may quote the record. */
function tooMany(
  record: SourceRecord,
  which: string,
  rejected: Output["rejected"],
  setting: string,
): CdcError {
  const last = rejected.at(-1);
  const by = last?.by === undefined ? "" : ` in ${last.by}`;
  return new CdcError(
    "TOO_MANY_DEAD_LETTERS",
    `${recordName(record)}: ${which} were rejected, this one with ${last?.error.code}${by}; ` +
      "the dead letter queue has the reasons so far, and `explain --record` prints that of any other record; " +
      `fix the cause and restart, or increase deadLetters.${setting}`,
  );
}
