import { partitionName, type TopicPartition } from "../../src/data/record.ts";
import { CdcError } from "../../src/lib/errors.ts";
import type { Changelog, ChangelogChunk, OwnedChangelog } from "../../src/state/changelog.ts";
import type { StoreEntry } from "../../src/state/store.ts";

/** Entries of one `append`; an owner's marker has none. */
type Transaction = readonly StoreEntry[];

/** A changelog in memory, shared by its owners. It fences former owners, and can be compacted and deleted. */
export class MemoryChangelog implements Changelog {
  readonly #logs = new Map<string, { transactions: Transaction[]; owner: number }>();

  async own(tp: TopicPartition): Promise<OwnedChangelog> {
    const log = this.#log(tp);
    log.owner += 1;
    const owner = log.owner;
    const end = log.transactions.length;
    log.transactions.push([]);
    const check = () => {
      if (owner !== log.owner)
        throw new CdcError("FENCED", `${partitionName(tp)} has another owner`);
    };
    return {
      range: { start: 0, end },
      async *read(from): AsyncIterable<ChangelogChunk> {
        for (let i = from; i <= end; i += 1) {
          await Promise.resolve();
          yield { entries: log.transactions[i] ?? [], next: i + 1, isAdded: false };
        }
      },
      append: async (entries) => {
        check();
        await Promise.resolve();
        check();
        return log.transactions.push(entries.map(copy));
      },
      release: async () => {},
    };
  }

  async close(): Promise<void> {}

  /** Fences the current owner without a new one. */
  fence(tp: TopicPartition): void {
    this.#log(tp).owner += 1;
  }

  /** The newest value of each key of the partition. */
  contents(tp: TopicPartition): Map<string, Buffer> {
    const newest = new Map<string, Buffer>();
    for (const { key, value } of this.#log(tp).transactions.flat()) {
      if (value === null) newest.delete(key.toString());
      else newest.set(key.toString(), value);
    }
    return newest;
  }

  /** Keeps only the newest entry of each key, as Kafka does in the background; offsets stay. */
  compact(tp: TopicPartition): void {
    const log = this.#log(tp);
    const seen = new Set<string>();
    log.transactions = log.transactions
      .toReversed()
      .map((transaction) =>
        transaction
          .toReversed()
          .filter(({ key }) => !seen.has(key.toString()) && seen.add(key.toString()))
          .toReversed(),
      )
      .toReversed();
  }

  /** The topic is deleted. */
  lose(): void {
    this.#logs.clear();
  }

  #log(tp: TopicPartition): { transactions: Transaction[]; owner: number } {
    const log = this.#logs.get(partitionName(tp)) ?? { transactions: [], owner: 0 };
    this.#logs.set(partitionName(tp), log);
    return log;
  }
}

function copy({ key, value }: StoreEntry): StoreEntry {
  return { key: Buffer.from(key), value: value && Buffer.from(value) };
}
