import type { ChangeContext } from "../classify/change-context.ts";
import { classify } from "../classify/classify.ts";
import type { Standing } from "../classify/initial-result.ts";
import { isStale } from "../classify/staleness.ts";
import type { Letter } from "../coordination/control-message.ts";
import { removal } from "../data/deletion.ts";
import { isBefore, type RowEvent, type SourceEvent } from "../data/event.ts";
import type { TopicPartition } from "../data/record.ts";
import type { StoredRow } from "../data/stored-row.ts";
import type { Clock } from "../lib/clock.ts";
import type { Counters } from "../metrics/counters.ts";
import type { HandOver } from "../state/handover.ts";
import { handed, handedRow } from "../state/handover-codec.ts";
import type { KeyChange, Prefetched } from "../state/handovers.ts";
import type { SyncEntry } from "../state/sync-versions.ts";
import type { TaskState } from "../state/task-state.ts";
import type { Results } from "./output.ts";
import type { Last, RowChanges } from "./row-processor.ts";

export type KeyChangesOptions = {
  readonly at: TopicPartition;
  readonly state: TaskState;
  readonly syncs: readonly SyncEntry[];
  readonly rows: RowChanges;
  readonly clock: Clock;
  readonly counters: Counters;
  /** How long a create waits for its row. */
  readonly wait_ms: number;
};

/** A create that waits for its row, and what came for its key meanwhile. */
type Waiting = {
  readonly until: number;
  readonly occurrences: [ChangeContext, ...ChangeContext[]];
  /** The row has come: it waits no more. */
  handOver: HandOver | null;
};

/**
 * A primary-key change told as one. Debezium tells it as a delete of the old key and a create of the new one, often in
 * two partitions: the task of the delete hands the row over, by the control log, and the task of the create takes it as
 * the row before. A create that comes first waits, among the uncommitted rows; the other rows go on.
 */
export class KeyChanges {
  readonly #options: KeyChangesOptions;
  readonly #waiting = new Map<string, Waiting>();

  constructor(options: KeyChangesOptions) {
    this.#options = options;
  }

  /** Until when the first of those that wait does so, ms since 1970; `null` where none waits. */
  get waitsUntil(): number | null {
    const [first] = this.#waiting.values();
    return first?.until ?? null;
  }

  /** What is kept for the changes of keys among the events. */
  prefetch(events: readonly SourceEvent[]): Promise<Prefetched> {
    const changes = events.flatMap((event) => ("moved" in event ? keysOf(event) : []));
    return this.#options.state.handOvers.prefetch(changes);
  }

  /** Whether it takes the occurrence over; otherwise it is an ordinary one. */
  takes(
    occurrence: ChangeContext,
    previous: StoredRow | null,
    kept: Prefetched,
    results: Results,
  ): boolean {
    const { event } = occurrence;
    const waiting = this.#waiting.get(event.key);
    if (waiting) {
      waiting.occurrences.push(occurrence);
      return true;
    }
    const { moved } = event;
    if (moved === null || isStale(previous, event)) return false;
    if (moved === "unreadable") {
      this.#options.counters.add("key_changes_unreadable");
      return false;
    }
    if ("to" in moved) return this.#give(moved.to, occurrence, previous, kept, results);
    if (previous !== null && previous.row !== null) return false;
    this.#take({ ...event, from: moved.from, to: event.key }, occurrence, kept, results);
    return true;
  }

  /** Another task tells of its half. */
  async receive(letter: Letter, results: Results): Promise<void> {
    const { state, at } = this.#options;
    if (letter.partition === at.partition) return;
    if (letter.kind !== "hand-over" && letter.kind !== "taken") return;
    const kept = await state.handOvers.prefetch([letter]);
    if (letter.kind === "taken") return state.handOvers.drop(letter, kept);
    const waiting = this.#waiting.get(letter.to);
    if (waiting && belongsTo(letter, waiting.occurrences[0])) {
      waiting.handOver = letter;
      return;
    }
    const known = state.handOvers.find(letter, kept);
    const now = state.row(letter.to, await state.prefetch(new Set([letter.to])));
    if (known?.missed) this.#late(letter, now, kept, results);
    else if (isTold(letter, now)) this.#tellTaken(letter, results);
    else state.handOvers.keep(letter, kept);
  }

  /**
   * Ends the waiting of one create whose row is there, or that has waited until `now`.
   * @returns what came for its key meanwhile, in order, or `null` where nobody's waiting is over
   */
  async release(now: number, results: Results): Promise<readonly ChangeContext[] | null> {
    const { state, counters } = this.#options;
    for (const [key, { until, occurrences, handOver }] of this.#waiting) {
      if (handOver === null && until > now) continue;
      const [create, ...others] = occurrences;
      this.#waiting.delete(key);
      const change = changeOf(create.event) as KeyChange;
      const kept = await state.handOvers.prefetch([change]);
      if (handOver) this.#claim(handOver, create, kept, results);
      else {
        counters.add("key_changes_missed");
        const { time } = create.event;
        const missed = { ...change, time, row: null, syncs: [], at: now, missed: true };
        state.handOvers.keep(missed, kept);
        this.#unseen(create, results);
      }
      return others;
    }
    return null;
  }

  #give(
    to: string,
    { event, record, standing }: ChangeContext,
    previous: StoredRow | null,
    kept: Prefetched,
    { letters }: Results,
  ): boolean {
    const { state, at, syncs, clock } = this.#options;
    if (previous !== null && previous.row === null) return false;
    const { stored } = classify(previous, event, standing, []);
    if (stored) state.put(event.key, stored);
    const row = previous ?? this.#standIn(event, standing);
    const handOver: HandOver = {
      from: event.key,
      to,
      position: event.position,
      time: event.time,
      ...handed(row, syncs, { key: event.key, partition: at.partition }),
      at: clock.now(),
    };
    // The create may come in this partition too, or wait here already: what was to be told first waited as well.
    state.handOvers.keep(handOver, kept);
    const waiting = this.#waiting.get(to);
    if (waiting && belongsTo(handOver, waiting.occurrences[0])) waiting.handOver = handOver;
    letters.push({ kind: "hand-over", topic: record.topic, partition: at.partition, ...handOver });
    return true;
  }

  /** The row as the record's `before` has it, where that is known to be complete: the store never saw it. */
  #standIn(event: RowEvent, standing: Standing): StoredRow | null {
    if (event.before === null) return null;
    const before = { ...event, row: event.before, before: null };
    return classify(null, before, standing, this.#options.rows.rules).stored;
  }

  #take(change: KeyChange, occurrence: ChangeContext, kept: Prefetched, results: Results): void {
    const { state, clock, wait_ms } = this.#options;
    const handOver = state.handOvers.find(change, kept);
    if (handOver) this.#claim(handOver, occurrence, kept, results);
    else {
      const until = clock.now() + wait_ms;
      this.#waiting.set(change.to, { until, occurrences: [occurrence], handOver: null });
    }
  }

  #claim(handOver: HandOver, occurrence: ChangeContext, kept: Prefetched, results: Results): void {
    const { state, rows, counters } = this.#options;
    counters.add("key_changes");
    state.handOvers.drop(handOver, kept);
    this.#tellTaken(handOver, results);
    const previous = handedRow(handOver, this.#options.syncs);
    if (previous === null) this.#unseen(occurrence, results);
    else rows.apply(occurrence, previous, results);
  }

  /** The row was there under its old key, and nothing else is known of it. */
  #unseen(occurrence: ChangeContext, results: Results): void {
    const standing = { ...occurrence.standing, moved: true };
    this.#options.rows.apply({ ...occurrence, standing }, null, results);
  }

  #tellTaken({ from, to, position }: HandOver, { letters }: Results): void {
    const { topic, partition } = this.#options.at;
    letters.push({ kind: "taken", topic, partition, from, to, position });
  }

  /**
   * The row comes after its create went on without it, as changed. What that could not tell is told now: the row as it
   * was left a sync that does not count it any more, or an audience under another user.
   */
  #late(
    letter: HandOver & TopicPartition,
    now: StoredRow | null,
    kept: Prefetched,
    results: Results,
  ): void {
    const { state, rows } = this.#options;
    state.handOvers.drop(letter, kept);
    this.#tellTaken(letter, results);
    const previous = handedRow(letter, this.#options.syncs);
    if (previous === null || previous.row === null) return;
    const { topic, partition, from: key, position, time } = letter;
    const { offset, row } = previous;
    const occurrence: ChangeContext = {
      event: removal({ key, table: topic, time, position }),
      record: {
        topic,
        partition,
        offset,
        key: Buffer.from(key),
        value: null,
        headers: {},
        timestamp: time,
      },
      standing: { offset, streaming: true },
      place: position ?? `${partition}/${offset}`,
    };
    const told: (Last | null)[] = [];
    for (const sync of rows.rules.flatMap(({ syncs }) => syncs)) {
      if (!previous.members.includes(sync.number)) continue;
      const member = now?.members.includes(sync.number) ? now.row : null;
      if (member !== null && !rows.sync(sync.name).leavesAudience(row, member)) continue;
      const change = { sync, kind: "removed", previous: row, next: null, absent: NONE } as const;
      told.push(rows.tell(change, occurrence, results));
    }
    if (now !== null) rows.put(letter.to, now, told, occurrence);
  }
}

const NONE: ReadonlySet<string> = new Set();

/** The old and the new key, whichever half tells of them; none where the event is no half of a change. */
function keysOf({ moved, key }: Pick<RowEvent, "moved" | "key">): { from: string; to: string }[] {
  if (moved === null || moved === "unreadable") return [];
  return "to" in moved ? [{ from: key, to: moved.to }] : [{ from: moved.from, to: key }];
}

/** The change that the create belongs to; none where it is no half of one. */
function changeOf({ moved, key, position }: RowEvent): KeyChange | null {
  if (moved === null || moved === "unreadable" || !("from" in moved)) return null;
  return { from: moved.from, to: key, position };
}

function belongsTo({ from, position }: HandOver, { event }: ChangeContext): boolean {
  const change = changeOf(event);
  return (
    change?.from === from &&
    (position === null || change.position === null || position === change.position)
  );
}

/** Whether the create has been told: its delete comes again, after a crash or from Debezium. */
function isTold({ position }: HandOver, now: StoredRow | null): boolean {
  if (now === null || position === null || now.position === null) return false;
  return !isBefore(now.position, position);
}
