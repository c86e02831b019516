import type { ChangeContext } from "../classify/change-context.ts";
import type { Change } from "../classify/outcome.ts";
import type { SyncRule } from "../classify/rules.ts";
import { removal } from "../data/deletion.ts";
import { failureKind } from "../data/expression.ts";
import { decodeTold, encodeTold, type ToldText } from "../data/last-message-codec.ts";
import type { TopicPartition } from "../data/record.ts";
import type { StoredRow } from "../data/stored-row.ts";
import type { CdcError } from "../lib/errors.ts";
import type { Counters } from "../metrics/counters.ts";
import type { Walk } from "../state/checkpoint-record.ts";
import type { SyncEntry } from "../state/sync-versions.ts";
import { noResults, type Results } from "./output.ts";
import type { Last, RowChanges } from "./row-processor.ts";

export type SyncWalkOptions = {
  readonly at: TopicPartition;
  readonly rows: RowChanges;
  readonly syncs: readonly SyncEntry[];
  readonly counters: Counters;
};

/**
 * New and changed syncs see every stored row once, before the task goes on: the database has not to be asked again.
 * What a sync that sends its initial results would have sent otherwise is sent now; of one that skips them only the
 * memberships are written.
 */
export class SyncWalk {
  readonly #options: SyncWalkOptions;
  /** Of syncs that are there: what others told is of no use any more. */
  readonly #numbers: ReadonlySet<number>;

  constructor(options: SyncWalkOptions) {
    this.#options = options;
    const syncs = options.rows.rules.flatMap((model) => model.syncs);
    this.#numbers = new Set(syncs.map(({ number }) => number));
  }

  /** Has the syncs that are pending see one row. */
  see(key: string, row: StoredRow, { pending }: Walk): Results {
    const { rows, counters } = this.#options;
    const results = noResults();
    if (row.row === null) return results;
    const absent = new Set(row.unknown);
    const members = new Map(row.members.map((sync, i) => [sync, row.since[i] ?? 0]));
    const seen = new Set<number>();
    const told: (Last | null)[] = [];
    counters.add("rows_walked");
    for (const model of rows.rules) {
      const syncs = model.syncs.filter(({ number }) => pending[number] !== undefined);
      if (syncs.length === 0) continue;
      try {
        const belongs = model.matches(row.row, absent);
        for (const sync of syncs) {
          const is = belongs && sync.hasUser(row.row, absent);
          told.push(this.#tell(key, row, sync, is, pending[sync.number] as string, results));
          seen.add(sync.number);
          const was = pending[sync.number] !== "new" && members.has(sync.number);
          if (!is) members.delete(sync.number);
          else if (!was) members.set(sync.number, row.time);
        }
      } catch (error) {
        // The row keeps its memberships, as one that comes and cannot be decided.
        counters.add(
          "rows_not_walked",
          1,
          `${model.name}: ${failureKind((error as CdcError).cause)}`,
        );
      }
    }
    const behind = row.behind.filter(({ sync }) => !seen.has(sync));
    const all = [...members].toSorted(([a], [b]) => a - b);
    const kept = {
      ...row,
      members: all.map(([sync]) => sync),
      since: all.map(([, since]) => since),
      behind,
      told: this.#stillOf(row),
    };
    rows.put(key, kept, told, this.#occurrence(key, row));
    return results;
  }

  #stillOf(row: StoredRow): ToldText {
    const told = decodeTold(row.told, row);
    const isStill = told.filter(({ sync }) => this.#numbers.has(sync));
    return isStill.length === told.length ? row.told : encodeTold(isStill, row);
  }

  #tell(
    key: string,
    stored: StoredRow,
    sync: SyncRule,
    is: boolean,
    pending: string,
    results: Results,
  ): Last | null {
    const { rows, syncs } = this.#options;
    const row = stored.row;
    const was = pending !== "new" && stored.members.includes(sync.number);
    const differs = pending === "mapping" || pending === "users";
    const kind = was ? (is ? (differs ? "changed" : null) : "removed") : is ? "added" : null;
    if (kind === null || row === null || sync.initialResults === "skip") return null;
    // A user that is another by the new mapping is not known by the old one.
    if (kind === "removed" && !sync.hasUser(row, new Set(stored.unknown))) return null;
    const previous = was && !(kind === "changed" && pending === "users") ? row : null;
    const absent = new Set(stored.unknown);
    const occurrence = this.#occurrence(key, stored);
    const { fingerprint } = syncs[sync.number] as SyncEntry;
    // What asked for it is in the ids too: another change of the settings gives the same row other messages.
    const place = [occurrence.place, ...Object.values(fingerprint)].join("~");
    const change: Change = { sync, kind, previous, next: row, absent };
    return rows.tell(change, { ...occurrence, place }, results);
  }

  /** The row's own place and time, so that a walk that is repeated gives the same ids. */
  #occurrence(key: string, stored: StoredRow): ChangeContext {
    const { at } = this.#options;
    const { offset, position, time } = stored;
    const place = position ?? `${at.partition}/${offset}`;
    return {
      event: removal({ key, table: at.topic, time, position }),
      record: { ...at, offset, key: Buffer.from(key), value: null, headers: {}, timestamp: time },
      standing: { offset, streaming: true },
      place,
    };
  }
}
