import type { ChangeContext } from "../classify/change-context.ts";
import { classify } from "../classify/classify.ts";
import type { RecordContext } from "../classify/initial-result.ts";
import type { ControlMessage } from "../coordination/control-message.ts";
import { isBefore, type RowEvent, type SourceEvent } from "../data/event.ts";
import type { TopicPartition } from "../data/record.ts";
import type { Row } from "../data/row.ts";
import type { StoredRow } from "../data/stored-row.ts";
import { sameUser } from "../data/user.ts";
import type { Handover } from "../state/handover.ts";
import { decodeHandover, encodeHandover } from "../state/handover-codec.ts";
import type { KeyChangeId, Prefetched } from "../state/handovers.ts";
import type { ChangeMessages } from "./change-messages.ts";
import { NO_OUTPUT, type Output } from "./output.ts";
import type { RowProcessor } from "./row-processor.ts";
import { storedRowContext } from "./stored-row-context.ts";
import type { TaskContext } from "./task-context.ts";

/** A create that waits for its handover, with the later changes of its key. */
type Waiting = {
  readonly until: number;
  readonly contexts: [ChangeContext, ...ChangeContext[]];
  /** Set when the handover has arrived. */
  handover: Handover | null;
};

/** A create that does not wait any more: its output, and the later changes of its key, to be processed next. */
export type Released = { readonly output: Output; readonly deferred: readonly ChangeContext[] };

/**
 * Sends a primary-key change as one change (`keyChange: changed`). Debezium writes a delete of the old key and a create
 * of the new key, often to two partitions.
 *
 *     task of the delete ── handover (row) ──▶ task of the create, which uses it as the previous row
 *     task of the create ── taken ───────────▶ task of the delete, which purges the handover
 *
 * A create that arrives first waits up to `keyChangeTimeout`, and so do later changes of its key. Other rows continue.
 */
export class KeyChanges {
  readonly #context: TaskContext;
  readonly #rows: RowProcessor;
  readonly #waiting = new Map<string, Waiting>();

  constructor(context: TaskContext, rows: RowProcessor) {
    this.#context = context;
    this.#rows = rows;
  }

  /** When the first waiting create times out, ms since 1970; `null` if none waits. */
  get waitsUntil(): number | null {
    const [first] = this.#waiting.values();
    return first?.until ?? null;
  }

  /** The stored handovers for the key changes among the events. */
  prefetch(events: readonly SourceEvent[]): Promise<Prefetched> {
    const changes = events.flatMap((event) => ("keyChange" in event ? keysOf(event) : []));
    return this.#context.state.handovers.prefetch(changes);
  }

  /** Keeps a change whose key waits for a handover until it is released. @returns whether it waits */
  defer(context: ChangeContext): boolean {
    const waiting = this.#waiting.get(context.event.key);
    waiting?.contexts.push(context);
    return waiting !== undefined;
  }

  /** Processes half of a key change that is not stale. @returns `null` for any other change */
  process(
    context: ChangeContext,
    previous: StoredRow | null,
    handovers: Prefetched,
  ): Output | null {
    const { event } = context;
    const { keyChange } = event;
    if (keyChange === null) return null;
    if (keyChange === "unreadable") {
      this.#context.counters.add("key_changes_unreadable");
      return null;
    }
    const isDeleteMarker = previous !== null && previous.row === null;
    if ("to" in keyChange)
      return isDeleteMarker ? null : this.#give(keyChange.to, context, previous, handovers);
    if (previous !== null && !isDeleteMarker) return null;
    return this.#take({ ...event, from: keyChange.from, to: event.key }, context, handovers);
  }

  /** Receives the half of another task. */
  async receive(message: ControlMessage): Promise<Output> {
    const { state, tp } = this.#context;
    if (message.partition === tp.partition) return NO_OUTPUT;
    if (message.kind !== "handover" && message.kind !== "taken") return NO_OUTPUT;
    const handovers = await state.handovers.prefetch([message]);
    if (message.kind === "taken") {
      state.handovers.remove(message, handovers);
      return NO_OUTPUT;
    }
    const waiting = this.#waiting.get(message.to);
    if (waiting && belongsTo(message, waiting.contexts[0])) {
      waiting.handover = message;
      return NO_OUTPUT;
    }
    const known = state.handovers.find(message, handovers);
    const now = state.row(message.to, await state.prefetch(new Set([message.to])));
    if (known?.missed) return this.#late(message, now, handovers);
    if (isApplied(message, now)) return { ...NO_OUTPUT, controlMessages: [this.#taken(message)] };
    state.handovers.put(message, handovers);
    return NO_OUTPUT;
  }

  /** Releases one create whose handover has arrived, or whose time is over; `null` if there is none. */
  async release(now: number): Promise<Released | null> {
    const { state, counters } = this.#context;
    for (const [key, { until, contexts, handover }] of this.#waiting) {
      if (handover === null && until > now) continue;
      const [create, ...deferred] = contexts;
      this.#waiting.delete(key);
      const change = changeOf(create.event) as KeyChangeId;
      const handovers = await state.handovers.prefetch([change]);
      if (handover) return { output: this.#claim(handover, create, handovers), deferred };
      counters.add("key_changes_timed_out");
      const { time } = create.event;
      const missed = { ...change, time, row: null, syncs: [], handoverTime: now, missed: true };
      state.handovers.put(missed, handovers);
      return { output: this.#applyUnseen(create), deferred };
    }
    return null;
  }

  /** The delete: stores a delete marker and hands the row over. */
  #give(
    to: string,
    context: ChangeContext,
    previous: StoredRow | null,
    handovers: Prefetched,
  ): Output {
    const { state, tp, syncs, clock } = this.#context;
    const { event, record, recordContext } = context;
    this.#rows.putUnclassified(context, previous);
    const row = previous ?? this.#rowBefore(event, recordContext);
    const handover: Handover = {
      from: event.key,
      to,
      sourcePosition: event.sourcePosition,
      time: event.time,
      ...encodeHandover(row, syncs, { key: event.key, partition: tp.partition }),
      handoverTime: clock.now(),
    };
    // The create may be in this partition too, and may wait already.
    state.handovers.put(handover, handovers);
    const waiting = this.#waiting.get(to);
    if (waiting && belongsTo(handover, waiting.contexts[0])) waiting.handover = handover;
    const source = { topic: record.topic, partition: tp.partition };
    return { ...NO_OUTPUT, controlMessages: [{ kind: "handover", ...source, ...handover }] };
  }

  /** The row of the record's `before`, for a row that was never stored. */
  #rowBefore(event: RowEvent, recordContext: RecordContext): StoredRow | null {
    if (event.before === null) return null;
    const before = { ...event, row: event.before, before: null };
    const { stored } = classify(null, before, recordContext, this.#rows.rules);
    return stored && { ...stored, lastMessages: "" };
  }

  /** The create: uses the handover if it has arrived, else waits for it. */
  #take(change: KeyChangeId, context: ChangeContext, handovers: Prefetched): Output {
    const { state, clock, topicTopology } = this.#context;
    const handover = state.handovers.find(change, handovers);
    if (handover) return this.#claim(handover, context, handovers);
    const until = clock.now() + topicTopology.keyChangeTimeout_ms;
    this.#waiting.set(change.to, { until, contexts: [context], handover: null });
    return NO_OUTPUT;
  }

  #claim(handover: Handover, context: ChangeContext, handovers: Prefetched): Output {
    const { state, counters, syncs } = this.#context;
    counters.add("key_changes");
    state.handovers.remove(handover, handovers);
    const previous = decodeHandover(handover, syncs);
    const output =
      previous === null ? this.#applyUnseen(context) : this.#rows.process(context, previous);
    return { ...output, controlMessages: [this.#taken(handover), ...output.controlMessages] };
  }

  /** The row existed under its old key, but its values are unknown. */
  #applyUnseen(context: ChangeContext): Output {
    const recordContext = { ...context.recordContext, keyChanged: true };
    return this.#rows.apply({ ...context, recordContext }, null);
  }

  #taken({ from, to, sourcePosition }: Handover): ControlMessage {
    const { topic, partition } = this.#context.tp;
    return { kind: "taken", topic, partition, from, to, sourcePosition };
  }

  /**
   * The handover arrived after its create timed out and was sent as changed without previous values. Sends what that
   * change could not contain: the removal from syncs that do not include the new row, and the exit of a previous user.
   */
  #late(message: Handover & TopicPartition, now: StoredRow | null, handovers: Prefetched): Output {
    const { state, syncs } = this.#context;
    state.handovers.remove(message, handovers);
    const controlMessages = [this.#taken(message)];
    const previous = decodeHandover(message, syncs);
    if (previous === null || previous.row === null) return { ...NO_OUTPUT, controlMessages };
    // The removal of the old key, as if its record had been in this partition's log.
    const { from, sourcePosition, time } = message;
    const context = storedRowContext(message, from, {
      offset: previous.offset,
      sourcePosition,
      time,
    });
    const results = this.#removals(previous.members, previous.row, now, context);
    if (now !== null) this.#rows.putWithIds(message.to, now, results, context);
    return { ...this.#rows.outputOf(results), controlMessages };
  }

  #removals(
    members: readonly number[],
    previous: Row,
    now: StoredRow | null,
    context: ChangeContext,
  ): readonly ChangeMessages[] {
    return this.#rows.rules.flatMap(({ syncs }) =>
      syncs.flatMap((sync) => {
        if (!members.includes(sync.number)) return [];
        const previousUser = sync.user(previous, NONE);
        const member = now?.members.includes(sync.number) ? now.row : null;
        const isLeft =
          member === null ||
          (this.#rows.sync(sync.name).isAudience &&
            !sameUser(previousUser, sync.user(member, NONE)));
        if (!isLeft) return [];
        const rows = { previous, next: null, absent: NONE };
        const users = { user: null, previousUser };
        const change = {
          sync,
          reason: "removed",
          changedColumns: null,
          ...rows,
          ...users,
        } as const;
        return [this.#rows.map(change, context)];
      }),
    );
  }
}

const NONE: ReadonlySet<string> = new Set();

/** The old and the new key of a key change; empty for any other event. */
function keysOf({
  keyChange,
  key,
}: Pick<RowEvent, "keyChange" | "key">): { from: string; to: string }[] {
  if (keyChange === null || keyChange === "unreadable") return [];
  return "to" in keyChange
    ? [{ from: key, to: keyChange.to }]
    : [{ from: keyChange.from, to: key }];
}

/** The key change that a create is half of; `null` for any other event. */
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

/** Whether the create has been applied: the delete is repeated, after a crash or by Debezium. */
function isApplied({ sourcePosition }: Handover, now: StoredRow | null): boolean {
  if (now === null || sourcePosition === null || now.sourcePosition === null) return false;
  return !isBefore(now.sourcePosition, sourcePosition);
}
