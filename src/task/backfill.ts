import type { ChangeContext } from "../classify/change-context.ts";
import type { Change, ChangeReason } from "../classify/decision.ts";
import type { SyncRule } from "../classify/rules.ts";
import { failureKind } from "../data/expression.ts";
import {
  decodeLastMessages,
  encodeLastMessages,
  type LastMessagesText,
} from "../data/last-message-codec.ts";
import type { Row } from "../data/row.ts";
import type { StoredRow } from "../data/stored-row.ts";
import type { User } from "../data/user.ts";
import type { CdcError } from "../lib/errors.ts";
import type { BackfillProgress } from "../state/checkpoint-record.ts";
import type { Pending, SyncEntry } from "../state/sync-versions.ts";
import type { ChangeMessages } from "./change-messages.ts";
import { NO_OUTPUT, type Output } from "./output.ts";
import type { RowProcessor } from "./row-processor.ts";
import { storedRowContext } from "./stored-row-context.ts";
import type { TaskContext } from "./task-context.ts";

/** The row and one of the syncs to evaluate for it. */
type Evaluated = {
  readonly sync: SyncRule;
  readonly pending: Pending;
  readonly row: Row;
  readonly absent: ReadonlySet<string>;
  readonly wasMember: boolean;
  readonly isMember: boolean;
  readonly user: User | null;
};

/**
 * New and changed syncs read all stored rows once, before the task continues, so the database need not be read again.
 * A sync that sends initial results sends now what it would have sent before; for any other sync only the memberships
 * are stored.
 */
export class Backfill {
  readonly #context: TaskContext;
  readonly #rows: RowProcessor;
  /** The syncs of the settings. Last messages of other syncs are dropped. */
  readonly #numbers: ReadonlySet<number>;

  constructor(context: TaskContext, rows: RowProcessor) {
    this.#context = context;
    this.#rows = rows;
    const syncs = rows.rules.flatMap((model) => model.syncs);
    this.#numbers = new Set(syncs.map(({ number }) => number));
  }

  /** Evaluates the pending syncs for one row. */
  process(key: string, stored: StoredRow, { pending }: BackfillProgress): Output {
    if (stored.row === null) return NO_OUTPUT;
    this.#context.counters.add("rows_backfilled");
    const evaluated = this.#evaluate(stored, stored.row, pending);
    const context = storedRowContext(this.#context.tp, key, stored);
    const results = evaluated.flatMap((one) => this.#map(one, context) ?? []);
    this.#rows.putWithIds(key, this.#withMembers(stored, evaluated), results, context);
    return this.#rows.outputOf(results);
  }

  #evaluate(
    stored: StoredRow,
    row: Row,
    pending: BackfillProgress["pending"],
  ): readonly Evaluated[] {
    const absent = new Set(stored.unknown);
    return this.#rows.rules.flatMap((model) => {
      const syncs = model.syncs.filter(({ number }) => pending[number] !== undefined);
      if (syncs.length === 0) return [];
      try {
        const isMatching = model.matches(row, absent);
        return syncs.map((sync): Evaluated => {
          const kind = pending[sync.number] as Pending;
          const wasMember = kind !== "new" && stored.members.includes(sync.number);
          const user = sync.user(row, absent);
          const isMember = isMatching && user !== null;
          return { sync, pending: kind, row, absent, wasMember, isMember, user };
        });
      } catch (error) {
        // The memberships stay as they are, as for a record whose filter fails.
        const reason = failureKind((error as CdcError).cause);
        this.#context.counters.add("rows_not_backfilled", 1, `${model.name}: ${reason}`);
        return [];
      }
    });
  }

  /** The messages of the sync for the row; `null` if it sends no change. */
  #map(
    { sync, pending, row, absent, wasMember, isMember, user }: Evaluated,
    context: ChangeContext,
  ): ChangeMessages | null {
    const reason = reasonOf(wasMember, isMember, pending);
    // Without a user by the new mapping the old one is unknown too.
    if (reason === null || user === null || sync.initialResults === "skip") return null;
    const isSentBefore = wasMember && !(reason === "changed" && pending === "users");
    const rows = { previous: isSentBefore ? row : null, next: row, absent };
    const users = { user, previousUser: user };
    const change: Change = { sync, reason, changedColumns: null, ...rows, ...users };
    const { fingerprint } = this.#context.syncs[sync.number] as SyncEntry;
    // With the fingerprint in the ids, each change of the settings sends its own messages for the same row.
    const changeId = [context.changeId, ...Object.values(fingerprint)].join("~");
    return this.#rows.map(change, { ...context, changeId });
  }

  #withMembers(stored: StoredRow, evaluated: readonly Evaluated[]): StoredRow {
    const members = new Map(stored.members.map((sync, i) => [sync, stored.since[i] ?? 0]));
    for (const { sync, wasMember, isMember } of evaluated) {
      if (!isMember) members.delete(sync.number);
      else if (!wasMember) members.set(sync.number, stored.time);
    }
    const sorted = [...members].toSorted(([a], [b]) => a - b);
    const numbers = new Set(evaluated.map(({ sync }) => sync.number));
    return {
      ...stored,
      members: sorted.map(([sync]) => sync),
      since: sorted.map(([, since]) => since),
      pinned: stored.pinned.filter(({ sync }) => !numbers.has(sync)),
      lastMessages: this.#lastMessages(stored),
    };
  }

  #lastMessages(row: StoredRow): LastMessagesText {
    const all = decodeLastMessages(row.lastMessages, row);
    const current = all.filter(({ sync }) => this.#numbers.has(sync));
    return current.length === all.length ? row.lastMessages : encodeLastMessages(current, row);
  }
}

/** A member stays unchanged if only the filter of its sync has changed. */
function reasonOf(wasMember: boolean, isMember: boolean, pending: Pending): ChangeReason | null {
  if (!wasMember) return isMember ? "added" : null;
  if (!isMember) return "removed";
  return pending === "mapping" || pending === "users" ? "changed" : null;
}
