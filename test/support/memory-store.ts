import type { Store, StoreEntry } from "../../src/state/store.ts";

/**
 * A store in memory that fails on misuse. Reads can be delayed and writes can fail. Entries remain after `close`, as in a
 * directory: `reopen` returns them to the next owner.
 */
export class MemoryStore implements Store {
  readonly #entries: Map<string, Buffer>;
  #open = true;
  #readsHeld: Promise<void> | null = null;
  #broken: Error | null = null;
  /** Sizes of the write batches, in their order. */
  readonly writes: number[] = [];
  reads = 0;

  constructor(entries: Map<string, Buffer> = new Map()) {
    this.#entries = entries;
  }

  async get(keys: readonly Buffer[]): Promise<readonly (Buffer | null)[]> {
    this.#check();
    this.reads += 1;
    await this.#readsHeld;
    return keys.map((key) => this.#entries.get(key.toString("latin1")) ?? null);
  }

  async write(entries: readonly StoreEntry[]): Promise<void> {
    this.#check();
    if (this.#broken) throw this.#broken;
    await Promise.resolve();
    for (const { key, value } of entries) {
      if (value === null) this.#entries.delete(key.toString("latin1"));
      else this.#entries.set(key.toString("latin1"), Buffer.from(value));
    }
    this.writes.push(entries.length);
  }

  async *scan(from: Buffer, to: Buffer): AsyncIterable<{ key: Buffer; value: Buffer }> {
    this.#check();
    const [first, end] = [from.toString("latin1"), to.toString("latin1")];
    const found = [...this.#entries].filter(([key]) => key >= first && key < end);
    for (const [key, value] of found.toSorted(([a], [b]) => (a < b ? -1 : 1))) {
      yield { key: Buffer.from(key, "latin1"), value };
    }
  }

  async close(): Promise<void> {
    this.#check();
    this.#open = false;
  }

  get isOpen(): boolean {
    return this.#open;
  }

  /** Reads wait until the returned function is called. */
  holdReads(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#readsHeld = promise;
    return () => {
      this.#readsHeld = null;
      resolve();
    };
  }

  breakWrites(error: Error | null): void {
    this.#broken = error;
  }

  /** The keys with this prefix, in order. */
  keys(prefix: string): readonly string[] {
    return [...this.#entries.keys()].filter((key) => key.startsWith(prefix)).sort();
  }

  /** All entries. */
  entries(): readonly (readonly [string, Buffer])[] {
    return [...this.#entries];
  }

  /** The same entries for the next owner. */
  reopen(): MemoryStore {
    if (this.#open)
      throw new Error("the store is still open: it can have only one owner at a time");
    return new MemoryStore(this.#entries);
  }

  /** A closed copy of the durable entries, as after a crash. */
  crashed(): MemoryStore {
    const copy = new MemoryStore(new Map(this.#entries));
    copy.#open = false;
    return copy;
  }

  #check(): void {
    if (!this.#open) throw new Error("the store is closed");
  }
}
