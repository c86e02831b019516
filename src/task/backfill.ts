import type { ChangeContext } from "../classify/change-context.ts";
import type { Change } from "../classify/outcome.ts";
import type { SyncRule } from "../classify/rules.ts";
import { removal } from "../data/deletion.ts";
import { failureKind } from "../data/expression.ts";
import {
  decodeLastMessages,
  encodeLastMessages,
  type LastMessagesText,
} from "../data/last-message-codec.ts";
import type { StoredRow } from "../data/stored-row.ts";
import type { CdcError } from "../lib/errors.ts";
import type { BackfillProgress } from "../state/checkpoint-record.ts";
import type { SyncEntry } from "../state/sync-versions.ts";
import { emptyOutput, type Output } from "./output.ts";
import type { Last, RowProcessor } from "./row-processor.ts";
import type { TaskContext } from "./task-context.ts";

/**
 * New and changed syncs see every stored row once, before the task goes on: the database has not to be asked again.
 * What a sync that sends its initial results would have sent otherwise is sent now; of one that skips them only the
 * memberships are written.
 */
export class Backfill {
  readonly #context: TaskContext;
  readonly #rows: RowProcessor;
  /** Of syncs that are there: what others told is of no use any more. */
  readonly #numbers: ReadonlySet<number>;

  constructor(context: TaskContext, rows: RowProcessor) {
    this.#context = context;
    this.#rows = rows;
    const syncs = rows.rules.flatMap((model) => model.syncs);
    this.#numbers = new Set(syncs.map(({ number }) => number));
  }

  /** Has the syncs that are pending see one row. */
  process(key: string, row: StoredRow, { pending }: BackfillProgress): Output {
    const { counters } = this.#context;
    const rows = this.#rows;
    const output = emptyOutput();
    if (row.row === null) return output;
    const absent = new Set(row.unknown);
    const members = new Map(row.members.map((sync, i) => [sync, row.since[i] ?? 0]));
    const seen = new Set<number>();
    const told: (Last | null)[] = [];
    counters.add("rows_backfilled");
    for (const model of rows.rules) {
      const syncs = model.syncs.filter(({ number }) => pending[number] !== undefined);
      if (syncs.length === 0) continue;
      try {
        const belongs = model.matches(row.row, absent);
        for (const sync of syncs) {
          const is = belongs && sync.hasUser(row.row, absent);
          told.push(this.#tell(key, row, sync, is, pending[sync.number] as string, output));
          seen.add(sync.number);
          const was = pending[sync.number] !== "new" && members.has(sync.number);
          if (!is) members.delete(sync.number);
          else if (!was) members.set(sync.number, row.time);
        }
      } catch (error) {
        // The row keeps its memberships, as one that comes and cannot be decided.
        counters.add(
          "rows_not_backfilled",
          1,
          `${model.name}: ${failureKind((error as CdcError).cause)}`,
        );
      }
    }
    const pinned = row.pinned.filter(({ sync }) => !seen.has(sync));
    const all = [...members].toSorted(([a], [b]) => a - b);
    const kept = {
      ...row,
      members: all.map(([sync]) => sync),
      since: all.map(([, since]) => since),
      pinned,
      lastMessages: this.#stillOf(row),
    };
    rows.put(key, kept, told, this.#changeContext(key, row));
    return output;
  }

  #stillOf(row: StoredRow): LastMessagesText {
    const told = decodeLastMessages(row.lastMessages, row);
    const isStill = told.filter(({ sync }) => this.#numbers.has(sync));
    return isStill.length === told.length ? row.lastMessages : encodeLastMessages(isStill, row);
  }

  #tell(
    key: string,
    stored: StoredRow,
    sync: SyncRule,
    is: boolean,
    pending: string,
    output: Output,
  ): Last | null {
    const { syncs } = this.#context;
    const row = stored.row;
    const was = pending !== "new" && stored.members.includes(sync.number);
    const hasChanged = pending === "mapping" || pending === "users";
    const kind = was ? (is ? (hasChanged ? "changed" : null) : "removed") : is ? "added" : null;
    if (kind === null || row === null || sync.initialResults === "skip") return null;
    // A user that is another by the new mapping is not known by the old one.
    if (kind === "removed" && !sync.hasUser(row, new Set(stored.unknown))) return null;
    const previous = was && !(kind === "changed" && pending === "users") ? row : null;
    const absent = new Set(stored.unknown);
    const context = this.#changeContext(key, stored);
    const { fingerprint } = syncs[sync.number] as SyncEntry;
    // What asked for it is in the ids too: another change of the settings gives the same row other messages.
    const changeId = [context.changeId, ...Object.values(fingerprint)].join("~");
    const change: Change = { sync, kind, previous, next: row, absent };
    return this.#rows.mapChange(change, { ...context, changeId }, output);
  }

  /** The row's own place and time, so that a walk that is repeated gives the same ids. */
  #changeContext(key: string, stored: StoredRow): ChangeContext {
    const { tp } = this.#context;
    const { offset, sourcePosition, time } = stored;
    const changeId = sourcePosition ?? `${tp.partition}/${offset}`;
    return {
      event: removal({ key, table: tp.topic, time, sourcePosition }),
      record: { ...tp, offset, key: Buffer.from(key), value: null, headers: {}, timestamp: time },
      recordContext: { offset, streaming: true },
      changeId,
    };
  }
}
