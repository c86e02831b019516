import { classify } from "../classify/classify.ts";
import { changedColumns } from "../classify/differs.ts";
import type { Standing } from "../classify/initial-result.ts";
import type { Change } from "../classify/outcome.ts";
import type { ModelRule, SyncRule } from "../classify/rules.ts";
import { LIMITS } from "../deliver/batch.ts";
import type { DeadLetter } from "../deliver/dead-letters.ts";
import type { LaneMessage } from "../deliver/ordered-lane.ts";
import { CdcError } from "../errors.ts";
import type { RowEvent } from "../event.ts";
import type { Message, Occasion, Sync } from "../map/sync.ts";
import type { MessageKind } from "../message-kind.ts";
import type { SourceRecord, TopicPartition } from "../record.ts";
import { encodeStoredRow, LARGEST_ROW_BYTES } from "../state/row-codec.ts";
import type { SyncEntry } from "../state/sync-registry.ts";
import type { TaskState } from "../state/task-state.ts";
import type { StoredRow } from "../stored-row.ts";
import type { Counters, SyncCounts } from "../telemetry/counters.ts";
import type { Origin } from "../telemetry/origin.ts";
import { type Teller, type Told, tableAsTold } from "../told.ts";
import { carried, retold } from "../told-text.ts";
import { rulesOf, type TopicPlan } from "./plan.ts";
import type { Results } from "./results.ts";
import { encodeUntold } from "./untold-change.ts";

/** What happened to a row, and the record that told it; `place` names it in message ids. */
export type Occurrence = {
  readonly event: RowEvent;
  readonly record: SourceRecord;
  readonly standing: Standing;
  readonly place: string;
};

/** The last message of a change; of one that was set aside what happened, and no id. */
export type Last = {
  readonly sync: SyncRule;
  readonly kind: MessageKind;
  readonly messageId: string | null;
};

export type RowChangesOptions = {
  readonly at: TopicPartition;
  readonly plan: TopicPlan;
  /** By their numbers in the stored rows. */
  readonly syncs: readonly SyncEntry[];
  readonly state: TaskState;
  readonly counters: Counters;
};

/** classify → map, for one row at a time: what it was and what happened become messages and the row that is kept. */
export class RowChanges {
  readonly rules: readonly ModelRule[];
  readonly #syncs: ReadonlyMap<string, Sync>;
  /** By the numbers of the syncs. */
  readonly #counts: readonly SyncCounts[];
  readonly #state: TaskState;
  readonly #counters: Counters;
  readonly #partition: number;

  constructor({ at, plan, syncs, state, counters }: RowChangesOptions) {
    this.rules = rulesOf(plan, syncs);
    this.#syncs = new Map(
      plan.models.flatMap((model) => model.syncs.map(({ sync }) => [sync.name, sync])),
    );
    this.#counts = syncs.map(({ name }) => counters.sync(name));
    this.#state = state;
    this.#counters = counters;
    this.#partition = at.partition;
  }

  apply(occurrence: Occurrence, previous: StoredRow | null, results: Results): void {
    const { event, record, standing } = occurrence;
    const outcome = classify(previous, event, standing, this.rules);
    // A snapshot has seen the row, though its read is an older version, or one that no model could take.
    if (outcome.stored === null && previous !== null && event.operation === "read")
      this.#state.put(event.key, seenAt(previous, standing.offset));
    if (outcome.verdict === "stale") return this.#counters.add("stale");
    const rowTooLarge = refusalOf(outcome.stored, record);
    if (rowTooLarge) return this.refuse(results, { record, error: rowTooLarge });
    if (outcome.positionReset) this.#counters.add("position_resets");
    for (const sync of outcome.unchanged) this.#countsOf(sync).calls_not_made += 1;
    for (const sync of outcome.initial) this.#countsOf(sync).initial_skipped += 1;
    this.#counters.add("missing_users_ignored", outcome.usersIgnored);
    const isInitial = !standing.streaming;
    for (const { by, error } of outcome.refusals)
      this.refuse(results, { record, error, by, isInitial });
    const { changes, stored } = outcome;
    if (changes.length === 0) {
      if (stored) this.#state.put(event.key, stored);
      return;
    }
    const told = changes.map((change) => this.tell(change, occurrence, results));
    if (stored) this.#put(event.key, stored, told, occurrence, isDerived);
  }

  /** Puts a row with what was told of it apart from its own records, under ids that nothing is derived from later. */
  put(key: string, row: StoredRow, told: readonly (Last | null)[], occurrence: Occurrence): void {
    this.#put(key, row, told, occurrence, () => false);
  }

  #put(
    key: string,
    row: StoredRow,
    told: readonly (Last | null)[],
    occurrence: Occurrence,
    hasDerivedId: (sync: Sync) => boolean,
  ): void {
    const last: Told[] = [];
    let by: Teller | undefined;
    for (const one of told) {
      if (one === null) continue;
      const { sync, kind, messageId } = one;
      by ??= this.#teller(occurrence);
      const id = hasDerivedId(this.sync(sync.name)) ? null : messageId;
      last.push({ sync: sync.number, kind, id, isSetAside: messageId === null, by });
    }
    this.#state.put(key, last.length === 0 ? row : { ...row, told: retold(row.told, last, row) });
  }

  #teller({ event, record, place }: Occurrence): Teller {
    return {
      offset: record.offset,
      time: event.time,
      place,
      table: tableAsTold(record.topic, event.table),
      partition: record.partition === this.#partition ? null : record.partition,
      key: null,
    };
  }

  /** Puts the messages of a change among the results. @returns the last of them; `null` where there are none */
  tell(change: Change, { event, record, place }: Occurrence, results: Results): Last | null {
    const counts = this.#countsOf(change.sync);
    counts[change.kind] += 1;
    const sync = this.sync(change.sync.name);
    const { table, key, time } = event;
    const occasion: Occasion = { table, key, time, topic: record.topic, place };
    // The summary is logged, and no log line holds a value.
    const leftOut = (field: string, _reason: string, kind: string) =>
      this.#counters.add("fields_left_out", 1, `${sync.name}.${field}: ${kind}`);
    const origin = originOf(change, event, counts);
    try {
      const messages = sync.messages(change, occasion, leftOut);
      // Its dead letter holds the whole change: no message of it goes before all of them can.
      for (const sized of messages.map((message) => textOf(sync, message)))
        results.messages.push({ ...sized, record, origin });
      counts.messages += messages.length;
      const message = messages.at(-1);
      if (message === undefined) return null;
      const kind = sync.kindOf(message, change.kind);
      return { sync: change.sync, kind, messageId: message.messageId };
    } catch (error) {
      if (!(error instanceof CdcError)) throw error;
      const untold = encodeUntold({ ...occasion, ...change });
      this.refuse(results, { record, error, by: sync.name, change: untold });
      return { sync: change.sync, kind: change.kind, messageId: null };
    }
  }

  refuse(results: Results, letter: DeadLetter): void {
    if (letter.error.next === "stop") throw letter.error;
    results.refused.push(letter);
    this.#counters.setAside(letter.error.code);
  }

  sync(name: string): Sync {
    return this.#syncs.get(name) as Sync;
  }

  #countsOf({ number }: SyncRule): SyncCounts {
    return this.#counts[number] as SyncCounts;
  }
}

function isDerived(sync: Sync): boolean {
  return !sync.namesMessages;
}

function seenAt(row: StoredRow, offset: number): StoredRow {
  return { ...row, offset, told: carried(row.told, row) };
}

function originOf(
  { sync, kind, previous, next }: Change,
  { key, time }: RowEvent,
  counts: SyncCounts,
): Origin {
  const columns =
    kind === "changed" && previous !== null && next !== null
      ? () => changedColumns(sync.watched, previous, next)
      : null;
  return { sync: sync.name, counts, kind, key, time, columns };
}

/** @throws CdcError MESSAGE_TOO_LARGE */
function textOf(sync: Sync, message: Message): Pick<LaneMessage, "text" | "bytes"> {
  const text = JSON.stringify(message);
  const bytes = Buffer.byteLength(text);
  if (bytes <= LIMITS.message_bytes) return { text, bytes };
  throw new CdcError(
    "MESSAGE_TOO_LARGE",
    `sync "${sync.name}": the message has ${bytes} bytes and Segment takes 32 KB (we keep to ${LIMITS.message_bytes}); map fewer or shorter columns`,
  );
}

/** Why a row cannot be stored, so that no sync is told of it; `null` where it can, or nothing is to be stored. */
export function refusalOf(stored: StoredRow | null, { value }: SourceRecord): CdcError | null {
  // Only a large record can make a large row: others are not measured.
  if (stored === null || value === null || value.length < LARGEST_ROW_BYTES / 8) return null;
  if (Buffer.byteLength(encodeStoredRow(stored, 0)) <= LARGEST_ROW_BYTES) return null;
  return new CdcError(
    "ROW_TOO_LARGE",
    `the row has more than ${LARGEST_ROW_BYTES} bytes, the most that a changelog takes; leave large columns out with Debezium's column.exclude.list`,
  );
}
