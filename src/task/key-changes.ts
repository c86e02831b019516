import type { ChangeContext } from "../classify/change-context.ts";
import { classify } from "../classify/classify.ts";
import type { RecordContext } from "../classify/initial-result.ts";
import { isStale } from "../classify/staleness.ts";
import type { ControlMessage } from "../coordination/control-message.ts";
import { removal } from "../data/deletion.ts";
import { isBefore, type RowEvent, type SourceEvent } from "../data/event.ts";
import type { TopicPartition } from "../data/record.ts";
import type { StoredRow } from "../data/stored-row.ts";
import type { Handover } from "../state/handover.ts";
import { decodeHandover, encodeHandover } from "../state/handover-codec.ts";
import type { KeyChangeId, Prefetched } from "../state/handovers.ts";
import type { Output } from "./output.ts";
import type { Last, RowProcessor } from "./row-processor.ts";
import type { TaskContext } from "./task-context.ts";

/** A create that waits for its row, and what came for its key meanwhile. */
type Waiting = {
  readonly until: number;
  readonly contexts: [ChangeContext, ...ChangeContext[]];
  /** The row has come: it waits no more. */
  handover: Handover | null;
};

/**
 * A primary-key change told as one. Debezium tells it as a delete of the old key and a create of the new one, often in
 * two partitions: the task of the delete hands the row over, by the control log, and the task of the create takes it as
 * the row before. A create that comes first waits, among the uncommitted rows; the other rows go on.
 */
export class KeyChanges {
  readonly #context: TaskContext;
  readonly #rows: RowProcessor;
  readonly #waiting = new Map<string, Waiting>();

  constructor(context: TaskContext, rows: RowProcessor) {
    this.#context = context;
    this.#rows = rows;
  }

  /** Until when the first of those that wait does so, ms since 1970; `null` where none waits. */
  get waitsUntil(): number | null {
    const [first] = this.#waiting.values();
    return first?.until ?? null;
  }

  /** What is kept for the changes of keys among the events. */
  prefetch(events: readonly SourceEvent[]): Promise<Prefetched> {
    const changes = events.flatMap((event) => ("keyChange" in event ? keysOf(event) : []));
    return this.#context.state.handovers.prefetch(changes);
  }

  /** Whether it takes the occurrence over; otherwise it is an ordinary one. */
  takes(
    context: ChangeContext,
    previous: StoredRow | null,
    kept: Prefetched,
    output: Output,
  ): boolean {
    const { event } = context;
    const waiting = this.#waiting.get(event.key);
    if (waiting) {
      waiting.contexts.push(context);
      return true;
    }
    const { keyChange } = event;
    if (keyChange === null || isStale(previous, event)) return false;
    if (keyChange === "unreadable") {
      this.#context.counters.add("key_changes_unreadable");
      return false;
    }
    if ("to" in keyChange) return this.#give(keyChange.to, context, previous, kept, output);
    if (previous !== null && previous.row !== null) return false;
    this.#take({ ...event, from: keyChange.from, to: event.key }, context, kept, output);
    return true;
  }

  /** Another task tells of its half. */
  async receive(message: ControlMessage, output: Output): Promise<void> {
    const { state, tp } = this.#context;
    if (message.partition === tp.partition) return;
    if (message.kind !== "handover" && message.kind !== "taken") return;
    const kept = await state.handovers.prefetch([message]);
    if (message.kind === "taken") return state.handovers.remove(message, kept);
    const waiting = this.#waiting.get(message.to);
    if (waiting && belongsTo(message, waiting.contexts[0])) {
      waiting.handover = message;
      return;
    }
    const known = state.handovers.find(message, kept);
    const now = state.row(message.to, await state.prefetch(new Set([message.to])));
    if (known?.missed) this.#late(message, now, kept, output);
    else if (isTold(message, now)) this.#tellTaken(message, output);
    else state.handovers.put(message, kept);
  }

  /**
   * Ends the waiting of one create whose row is there, or that has waited until `now`.
   * @returns what came for its key meanwhile, in order, or `null` where nobody's waiting is over
   */
  async release(now: number, output: Output): Promise<readonly ChangeContext[] | null> {
    const { state, counters } = this.#context;
    for (const [key, { until, contexts, handover }] of this.#waiting) {
      if (handover === null && until > now) continue;
      const [create, ...others] = contexts;
      this.#waiting.delete(key);
      const change = changeOf(create.event) as KeyChangeId;
      const kept = await state.handovers.prefetch([change]);
      if (handover) this.#claim(handover, create, kept, output);
      else {
        counters.add("key_changes_timed_out");
        const { time } = create.event;
        const missed = { ...change, time, row: null, syncs: [], handoverTime: now, missed: true };
        state.handovers.put(missed, kept);
        this.#unseen(create, output);
      }
      return others;
    }
    return null;
  }

  #give(
    to: string,
    { event, record, recordContext }: ChangeContext,
    previous: StoredRow | null,
    kept: Prefetched,
    { controlMessages }: Output,
  ): boolean {
    const { state, tp, syncs, clock } = this.#context;
    if (previous !== null && previous.row === null) return false;
    const { stored } = classify(previous, event, recordContext, []);
    if (stored) state.put(event.key, stored);
    const row = previous ?? this.#mockSegment(event, recordContext);
    const handover: Handover = {
      from: event.key,
      to,
      sourcePosition: event.sourcePosition,
      time: event.time,
      ...encodeHandover(row, syncs, { key: event.key, partition: tp.partition }),
      handoverTime: clock.now(),
    };
    // The create may come in this partition too, or wait here already: what was to be told first waited as well.
    state.handovers.put(handover, kept);
    const waiting = this.#waiting.get(to);
    if (waiting && belongsTo(handover, waiting.contexts[0])) waiting.handover = handover;
    controlMessages.push({
      kind: "handover",
      topic: record.topic,
      partition: tp.partition,
      ...handover,
    });
    return true;
  }

  /** The row as the record's `before` has it, where that is known to be complete: the store never saw it. */
  #mockSegment(event: RowEvent, recordContext: RecordContext): StoredRow | null {
    if (event.before === null) return null;
    const before = { ...event, row: event.before, before: null };
    return classify(null, before, recordContext, this.#rows.rules).stored;
  }

  #take(change: KeyChangeId, context: ChangeContext, kept: Prefetched, output: Output): void {
    const { state, clock, topicTopology } = this.#context;
    const handover = state.handovers.find(change, kept);
    if (handover) this.#claim(handover, context, kept, output);
    else {
      const until = clock.now() + topicTopology.keyChangeTimeout_ms;
      this.#waiting.set(change.to, { until, contexts: [context], handover: null });
    }
  }

  #claim(handover: Handover, context: ChangeContext, kept: Prefetched, output: Output): void {
    const { state, counters } = this.#context;
    counters.add("key_changes");
    state.handovers.remove(handover, kept);
    this.#tellTaken(handover, output);
    const previous = decodeHandover(handover, this.#context.syncs);
    if (previous === null) this.#unseen(context, output);
    else this.#rows.apply(context, previous, output);
  }

  /** The row was there under its old key, and nothing else is known of it. */
  #unseen(context: ChangeContext, output: Output): void {
    const recordContext = { ...context.recordContext, keyChanged: true };
    this.#rows.apply({ ...context, recordContext }, null, output);
  }

  #tellTaken({ from, to, sourcePosition }: Handover, { controlMessages }: Output): void {
    const { topic, partition } = this.#context.tp;
    controlMessages.push({ kind: "taken", topic, partition, from, to, sourcePosition });
  }

  /**
   * The row comes after its create went on without it, as changed. What that could not tell is told now: the row as it
   * was left a sync that does not count it any more, or an audience under another user.
   */
  #late(
    message: Handover & TopicPartition,
    now: StoredRow | null,
    kept: Prefetched,
    output: Output,
  ): void {
    const { state } = this.#context;
    const rows = this.#rows;
    state.handovers.remove(message, kept);
    this.#tellTaken(message, output);
    const previous = decodeHandover(message, this.#context.syncs);
    if (previous === null || previous.row === null) return;
    const { topic, partition, from: key, sourcePosition, time } = message;
    const { offset, row } = previous;
    const context: ChangeContext = {
      event: removal({ key, table: topic, time, sourcePosition }),
      record: {
        topic,
        partition,
        offset,
        key: Buffer.from(key),
        value: null,
        headers: {},
        timestamp: time,
      },
      recordContext: { offset, streaming: true },
      changeId: sourcePosition ?? `${partition}/${offset}`,
    };
    const told: (Last | null)[] = [];
    for (const sync of rows.rules.flatMap(({ syncs }) => syncs)) {
      if (!previous.members.includes(sync.number)) continue;
      const member = now?.members.includes(sync.number) ? now.row : null;
      if (member !== null && !rows.sync(sync.name).leavesAudience(row, member)) continue;
      const change = { sync, kind: "removed", previous: row, next: null, absent: NONE } as const;
      told.push(rows.mapChange(change, context, output));
    }
    if (now !== null) rows.put(message.to, now, told, context);
  }
}

const NONE: ReadonlySet<string> = new Set();

/** The old and the new key, whichever half tells of them; none where the event is no half of a change. */
function keysOf({
  keyChange,
  key,
}: Pick<RowEvent, "keyChange" | "key">): { from: string; to: string }[] {
  if (keyChange === null || keyChange === "unreadable") return [];
  return "to" in keyChange
    ? [{ from: key, to: keyChange.to }]
    : [{ from: keyChange.from, to: key }];
}

/** The change that the create belongs to; none where it is no half of one. */
function changeOf({ keyChange, key, sourcePosition }: RowEvent): KeyChangeId | null {
  if (keyChange === null || keyChange === "unreadable" || !("from" in keyChange)) return null;
  return { from: keyChange.from, to: key, sourcePosition };
}

function belongsTo({ from, sourcePosition }: Handover, { event }: ChangeContext): boolean {
  const change = changeOf(event);
  return (
    change?.from === from &&
    (sourcePosition === null ||
      change.sourcePosition === null ||
      sourcePosition === change.sourcePosition)
  );
}

/** Whether the create has been told: its delete comes again, after a crash or from Debezium. */
function isTold({ sourcePosition }: Handover, now: StoredRow | null): boolean {
  if (now === null || sourcePosition === null || now.sourcePosition === null) return false;
  return !isBefore(now.sourcePosition, sourcePosition);
}
