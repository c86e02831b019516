import type { ChangeContext } from "../classify/change-context.ts";
import { changedColumns } from "../classify/changed-columns.ts";
import { classify } from "../classify/classify.ts";
import type { Change } from "../classify/outcome.ts";
import type { ModelRule, SyncRule } from "../classify/rules.ts";
import type { RowEvent } from "../data/event.ts";
import type { MessageKind } from "../data/last-message.ts";
import { type LastMessage, type LastMessageSource, tableOverride } from "../data/last-message.ts";
import { carryLastMessages, withLastMessages } from "../data/last-message-codec.ts";
import type { StoredRow } from "../data/stored-row.ts";
import { LIMITS } from "../deliver/batch.ts";
import type { MessageOrigin } from "../deliver/message-origin.ts";
import type { OutgoingMessage } from "../deliver/outgoing.ts";
import type { DeadLetter } from "../dlq/dead-letters.ts";
import { encodeUnsentChange } from "../dlq/unsent-change.ts";
import { CdcError } from "../lib/errors.ts";
import type { ChangeSource, SegmentMessage, Sync } from "../map/sync.ts";
import type { Counters, SyncCounts } from "../metrics/counters.ts";
import { rejectionOf } from "../state/row-codec.ts";
import type { TaskStore } from "../state/task-store.ts";
import { rulesOf } from "../topology/rules.ts";
import type { Output } from "./output.ts";
import type { TaskContext } from "./task-context.ts";

/** The last message of a change; of one that was set aside what happened, and no id. */
export type Last = {
  readonly sync: SyncRule;
  readonly kind: MessageKind;
  readonly messageId: string | null;
};

/** classify → map, for one row at a time: what it was and what happened become messages and the row that is kept. */
export class RowProcessor {
  readonly rules: readonly ModelRule[];
  readonly #syncs: ReadonlyMap<string, Sync>;
  /** By the numbers of the syncs. */
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

  apply(context: ChangeContext, previous: StoredRow | null, output: Output): void {
    const { event, record, recordContext } = context;
    const outcome = classify(previous, event, recordContext, this.rules);
    // A snapshot has seen the row, though its read is an older version, or one that no model could take.
    if (outcome.stored === null && previous !== null && event.operation === "read")
      this.#state.put(event.key, seenAt(previous, recordContext.offset));
    if (outcome.decision === "stale") return this.#counters.add("stale");
    const rowTooLarge = rejectionOf(outcome.stored, record);
    if (rowTooLarge) return this.reject(output, { record, error: rowTooLarge });
    if (outcome.sourcePositionReset) this.#counters.add("source_position_resets");
    for (const sync of outcome.unchanged) this.#countsOf(sync).skipped.unchanged += 1;
    for (const sync of outcome.initial) this.#countsOf(sync).skipped.initial += 1;
    if (outcome.usersIgnored > 0)
      this.#counters.sync("").skipped.missing_user += outcome.usersIgnored;
    const isInitial = !recordContext.streaming;
    for (const { by, error } of outcome.rejections)
      this.reject(output, { record, error, by, isInitial });
    const { changes, stored } = outcome;
    if (changes.length === 0) {
      if (stored) this.#state.put(event.key, stored);
      return;
    }
    const told = changes.map((change) => this.mapChange(change, context, output));
    if (stored) this.#put(event.key, stored, told, context, isDerived);
  }

  /** Puts a row with what was told of it apart from its own records, under ids that nothing is derived from later. */
  put(key: string, row: StoredRow, told: readonly (Last | null)[], context: ChangeContext): void {
    this.#put(key, row, told, context, () => false);
  }

  #put(
    key: string,
    row: StoredRow,
    told: readonly (Last | null)[],
    context: ChangeContext,
    hasDerivedId: (sync: Sync) => boolean,
  ): void {
    const last: LastMessage[] = [];
    let by: LastMessageSource | undefined;
    for (const one of told) {
      if (one === null) continue;
      const { sync, kind, messageId } = one;
      by ??= this.#teller(context);
      const id = hasDerivedId(this.sync(sync.name)) ? null : messageId;
      last.push({ sync: sync.number, kind, id, isDeadLettered: messageId === null, source: by });
    }
    this.#state.put(
      key,
      last.length === 0
        ? row
        : { ...row, lastMessages: withLastMessages(row.lastMessages, last, row) },
    );
  }

  #teller({ event, record, changeId }: ChangeContext): LastMessageSource {
    return {
      offset: record.offset,
      time: event.time,
      changeId,
      table: tableOverride(record.topic, event.table),
      partition: record.partition === this.#partition ? null : record.partition,
      key: null,
    };
  }

  /** Puts the messages of a change among the results. @returns the last of them; `null` where there are none */
  mapChange(
    change: Change,
    { event, record, changeId }: ChangeContext,
    output: Output,
  ): Last | null {
    const counts = this.#countsOf(change.sync);
    counts[change.kind] += 1;
    const sync = this.sync(change.sync.name);
    const { table, key, time } = event;
    const changeSource: ChangeSource = { table, key, time, topic: record.topic, changeId };
    // The summary is logged, and no log line holds a value.
    const onOmitted = (field: string, _reason: string, kind: string) =>
      this.#counters.add("fields_left_out", 1, `${sync.name}.${field}: ${kind}`);
    const origin = originOf(change, event, counts);
    try {
      const messages = sync.messages(change, changeSource, onOmitted);
      // Its dead letter holds the whole change: no message of it goes before all of them can.
      for (const sized of messages.map((message) => textOf(sync, message)))
        output.messages.push({ ...sized, record, origin });
      counts.messages += messages.length;
      const message = messages.at(-1);
      if (message === undefined) return null;
      const kind = sync.kindOf(message, change.kind);
      return { sync: change.sync, kind, messageId: message.messageId };
    } catch (error) {
      if (!(error instanceof CdcError)) throw error;
      const unsentChange = encodeUnsentChange({ ...changeSource, ...change });
      this.reject(output, { record, error, by: sync.name, change: unsentChange });
      return { sync: change.sync, kind: change.kind, messageId: null };
    }
  }

  reject(output: Output, deadLetter: DeadLetter): void {
    if (deadLetter.error.consequence === "stop") throw deadLetter.error;
    output.rejected.push(deadLetter);
    this.#counters.recordDeadLetter(deadLetter.error.code);
  }

  sync(name: string): Sync {
    return this.#syncs.get(name) as Sync;
  }

  #countsOf({ number }: SyncRule): SyncCounts {
    return this.#counts[number] as SyncCounts;
  }
}

function isDerived(sync: Sync): boolean {
  return !sync.hasMessageIdColumn;
}

function seenAt(row: StoredRow, offset: number): StoredRow {
  return { ...row, offset, lastMessages: carryLastMessages(row.lastMessages, row) };
}

function originOf(
  { sync, kind, previous, next }: Change,
  { key, time }: RowEvent,
  counts: SyncCounts,
): MessageOrigin {
  const columns =
    kind === "changed" && previous !== null && next !== null
      ? changedColumns(sync.watched, previous, next)
      : null;
  return { sync: sync.name, counts, kind, key, time, columns };
}

/** @throws CdcError MESSAGE_TOO_LARGE */
function textOf(sync: Sync, message: SegmentMessage): Pick<OutgoingMessage, "text" | "bytes"> {
  const text = JSON.stringify(message);
  const bytes = Buffer.byteLength(text);
  if (bytes <= LIMITS.message_bytes) return { text, bytes };
  throw new CdcError(
    "MESSAGE_TOO_LARGE",
    `sync "${sync.name}": the message has ${bytes} bytes and Segment takes 32 KB (we keep to ${LIMITS.message_bytes}); map fewer or shorter columns`,
  );
}
