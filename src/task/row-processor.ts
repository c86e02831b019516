import type { ChangeContext } from "../classify/change-context.ts";
import { classify } from "../classify/classify.ts";
import type { Change, ClassifiedRow, Outcome } from "../classify/decision.ts";
import type { ModelRule, SyncRule } from "../classify/rules.ts";
import { isStale } from "../classify/staleness.ts";
import { type LastMessage, type LastMessageSource, tableOverride } from "../data/last-message.ts";
import { carryLastMessages, withLastMessages } from "../data/last-message-codec.ts";
import type { StoredRow } from "../data/stored-row.ts";
import type { DeadLetter } from "../dlq/dead-letters.ts";
import type { Sync } from "../map/sync.ts";
import type { Counters, SyncCounts } from "../metrics/counters.ts";
import { rejectionOf } from "../state/row-codec.ts";
import type { TaskStore } from "../state/task-store.ts";
import { rulesOf } from "../topology/rules.ts";
import { type ChangeMessages, messagesOfChange } from "./change-messages.ts";
import { NO_OUTPUT, type Output } from "./output.ts";
import type { TaskContext } from "./task-context.ts";

/** One row at a time: previous row + event → classify → map → the row to store and the output. */
export class RowProcessor {
  readonly rules: readonly ModelRule[];
  readonly #syncs: ReadonlyMap<string, Sync>;
  /** Indexed by the numbers of the syncs. */
  readonly #counts: readonly SyncCounts[];
  readonly #state: TaskStore;
  readonly #counters: Counters;
  readonly #partition: number;

  constructor({ tp, topicTopology, syncs, state, counters }: TaskContext) {
    this.rules = rulesOf(topicTopology, syncs);
    this.#syncs = new Map(
      topicTopology.models.flatMap((model) => model.syncs.map(({ sync }) => [sync.name, sync])),
    );
    this.#counts = syncs.map(({ name }) => counters.sync(name));
    this.#state = state;
    this.#counters = counters;
    this.#partition = tp.partition;
  }

  /** Applies the change unless it is stale. */
  process(context: ChangeContext, previous: StoredRow | null): Output {
    return isStale(previous, context.event)
      ? this.skipStale(context, previous)
      : this.apply(context, previous);
  }

  /** A stale record changes nothing. */
  skipStale(context: ChangeContext, previous: StoredRow | null): Output {
    this.#counters.add("stale");
    this.#markSeen(context, previous);
    return NO_OUTPUT;
  }

  /**
   * Applies a change that is not stale: all of it, or nothing if the row is too large to store.
   * @throws CdcError USER_REQUIRED before anything is stored, so that the next start meets the record again
   */
  apply(context: ChangeContext, previous: StoredRow | null): Output {
    const { event, record, recordContext } = context;
    const outcome = classify(previous, event, recordContext, this.rules);
    for (const { error } of outcome.rejections) if (error.consequence === "stop") throw error;
    const results = outcome.changes.map((change) => this.map(change, context));
    if (outcome.stored === null) this.#markSeen(context, previous);
    else {
      const row = this.#rowOf(outcome.stored, previous, results, context);
      const text = this.#state.encode(row);
      const error = rejectionOf(text, record);
      if (error) return this.reject({ record, error });
      this.#state.put(event.key, row, text);
    }
    this.#countDecisions(outcome);
    const output = this.outputOf(results);
    if (outcome.rejections.length === 0) return output;
    const isInitial = !recordContext.streaming;
    const rejected = outcome.rejections.map(({ by, error }) => ({ record, error, by, isInitial }));
    for (const { error } of rejected) this.#counters.recordDeadLetter(error.code);
    return { ...output, rejected: [...rejected, ...output.rejected] };
  }

  /** Stores the next row of a key without evaluating its syncs. */
  putUnclassified({ event, recordContext }: ChangeContext, previous: StoredRow | null): void {
    const { stored } = classify(previous, event, recordContext, []);
    if (stored)
      this.#state.put(event.key, { ...stored, lastMessages: carryLastMessages(previous) });
  }

  /** The messages of a change. Nothing is counted before `outputOf`. */
  map(change: Change, context: ChangeContext): ChangeMessages {
    const { sync } = change;
    return messagesOfChange(change, context, this.sync(sync.name), this.#countsOf(sync));
  }

  /** The output of changes, counted. */
  outputOf(results: readonly ChangeMessages[]): Output {
    for (const result of results) this.#count(result);
    const [only] = results;
    if (!only) return NO_OUTPUT;
    const rejected = results.flatMap((result) => result.rejected ?? []);
    if (results.length === 1) return { ...NO_OUTPUT, messages: only.messages, rejected };
    return { ...NO_OUTPUT, messages: results.flatMap(({ messages }) => messages), rejected };
  }

  /** Stores a row with messages that did not come from its own record: their ids are stored, not derived from the row. */
  putWithIds(
    key: string,
    row: StoredRow,
    results: readonly ChangeMessages[],
    context: ChangeContext,
  ): void {
    const last = this.#lastMessages(results, context, () => false);
    const lastMessages = withLastMessages(row.lastMessages, last, row);
    this.#state.put(key, last.length === 0 ? row : { ...row, lastMessages });
  }

  /** @throws the error of the dead letter if it stops the task */
  reject(deadLetter: DeadLetter): Output {
    if (deadLetter.error.consequence === "stop") throw deadLetter.error;
    this.#counters.recordDeadLetter(deadLetter.error.code);
    return { ...NO_OUTPUT, rejected: [deadLetter] };
  }

  sync(name: string): Sync {
    return this.#syncs.get(name) as Sync;
  }

  #rowOf(
    classified: ClassifiedRow,
    previous: StoredRow | null,
    results: readonly ChangeMessages[],
    context: ChangeContext,
  ): StoredRow {
    const carried = carryLastMessages(previous);
    const last = this.#lastMessages(results, context, (sync) => !sync.hasMessageIdColumn);
    return { ...classified, lastMessages: withLastMessages(carried, last, classified) };
  }

  #lastMessages(
    results: readonly ChangeMessages[],
    context: ChangeContext,
    hasDerivedId: (sync: Sync) => boolean,
  ): readonly LastMessage[] {
    const all: LastMessage[] = [];
    let source: LastMessageSource | undefined;
    for (const { sync, last } of results) {
      if (last === null) continue;
      source ??= this.#sourceOf(context);
      const { kind, messageId } = last;
      const id = hasDerivedId(this.sync(sync.name)) ? null : messageId;
      all.push({ sync: sync.number, kind, id, isDeadLettered: messageId === null, source });
    }
    return all;
  }

  #sourceOf({ event, record, changeId }: ChangeContext): LastMessageSource {
    return {
      offset: record.offset,
      time: event.time,
      changeId,
      table: tableOverride(record.topic, event.table),
      partition: record.partition === this.#partition ? null : record.partition,
      key: null,
    };
  }

  /** A snapshot contains the row, even if its read is stale or no model can store it: it must not be reconciled away. */
  #markSeen({ event, recordContext }: ChangeContext, previous: StoredRow | null): void {
    if (previous === null || event.operation !== "read") return;
    const { offset } = recordContext;
    this.#state.put(event.key, { ...previous, offset, lastMessages: carryLastMessages(previous) });
  }

  #countDecisions({ skips, sourcePositionReset }: Outcome): void {
    if (sourcePositionReset) this.#counters.add("source_position_resets");
    for (const { sync, reason } of skips) {
      if (reason === "unchanged" || reason === "initialResult" || reason === "missingUser")
        this.#countsOf(sync).skipped[reason] += 1;
    }
  }

  #count({ sync, reason, messages, omitted, rejected }: ChangeMessages): void {
    const counts = this.#countsOf(sync);
    counts[reason] += 1;
    counts.messages += messages.length;
    for (const { field, kind } of omitted)
      this.#counters.add("fields_left_out", 1, `${sync.name}.${field}: ${kind}`);
    if (rejected) this.#counters.recordDeadLetter(rejected.error.code);
  }

  #countsOf({ number }: SyncRule): SyncCounts {
    return this.#counts[number] as SyncCounts;
  }
}
