import type { SyncRule } from "../classify/rules.ts";
import type { CdcError } from "../errors.ts";
import { messageOf } from "../errors.ts";
import type { TopicPartition } from "../record.ts";
import type { SyncEntry, Walk } from "../state/position-record.ts";
import type { TaskState } from "../state/task-state.ts";
import type { StoredRow } from "../stored-row.ts";
import type { Counters } from "../telemetry/counters.ts";
import { removal } from "./removal.ts";
import { noResults, type Results } from "./results.ts";
import type { Occurrence, RowChanges } from "./row-changes.ts";

export type SyncWalkOptions = {
  readonly at: TopicPartition;
  readonly rows: RowChanges;
  readonly syncs: readonly SyncEntry[];
  readonly state: TaskState;
  readonly counters: Counters;
};

/**
 * New and changed syncs see every stored row once, before the task goes on: the database has not to be asked again.
 * What a sync that sends its initial results would have sent otherwise is sent now; of one that skips them only the
 * memberships are written.
 */
export class SyncWalk {
  readonly #options: SyncWalkOptions;

  constructor(options: SyncWalkOptions) {
    this.#options = options;
  }

  /** Has the syncs that are pending see one row. */
  see(key: string, row: StoredRow, { pending }: Walk): Results {
    const { rows, state, counters } = this.#options;
    const results = noResults();
    if (row.row === null) return results;
    const absent = new Set(row.unknown);
    const members = new Set(row.members);
    const seen = new Set<number>();
    counters.add("rows_walked");
    for (const model of rows.rules) {
      const syncs = model.syncs.filter(({ number }) => pending[number] !== undefined);
      if (syncs.length === 0) continue;
      try {
        const belongs = model.matches(row.row, absent);
        for (const sync of syncs) {
          const is = belongs && sync.hasUser(row.row, absent);
          this.#tell(key, row, sync, is, pending[sync.number] as string, results);
          seen.add(sync.number);
          if (is) members.add(sync.number);
          else members.delete(sync.number);
        }
      } catch (error) {
        // The row keeps its memberships, as one that comes and cannot be decided.
        counters.add("rows_not_walked", 1, `${model.name}: ${messageOf(error as CdcError)}`);
      }
    }
    const behind = row.behind.filter(({ sync }) => !seen.has(sync));
    state.put(key, { ...row, members: [...members].toSorted((a, b) => a - b), behind });
    return results;
  }

  #tell(
    key: string,
    stored: StoredRow,
    sync: SyncRule,
    is: boolean,
    pending: string,
    results: Results,
  ): void {
    const { rows } = this.#options;
    const row = stored.row;
    const was = pending !== "new" && stored.members.includes(sync.number);
    const differs = pending === "mapping" || pending === "users";
    const kind = was ? (is ? (differs ? "changed" : null) : "removed") : is ? "added" : null;
    if (kind === null || row === null || sync.initialResults === "skip") return;
    // A user that is another by the new mapping is not known by the old one.
    if (kind === "removed" && !sync.hasUser(row, new Set(stored.unknown))) return;
    const previous = was && !(kind === "changed" && pending === "users") ? row : null;
    const absent = new Set(stored.unknown);
    rows.tell(
      { sync, kind, previous, next: row, absent },
      this.#occurrence(key, stored, sync),
      results,
    );
  }

  /** The row's own place and time, so that a walk that is repeated gives the same ids; and what asked for it. */
  #occurrence(key: string, stored: StoredRow, { number }: SyncRule): Occurrence {
    const { at, syncs } = this.#options;
    const { offset, position, time } = stored;
    const { fingerprint } = syncs[number] as SyncEntry;
    const place = position ?? `${at.partition}/${offset}`;
    return {
      event: removal({ key, table: at.topic, time, position }),
      record: { ...at, offset, key: Buffer.from(key), value: null, headers: {}, timestamp: time },
      standing: { offset, streaming: true },
      place: [place, ...Object.values(fingerprint)].join("~"),
    };
  }
}
