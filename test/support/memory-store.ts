import type { Store, StoreEntry } from "../../src/state/store.ts";

/**
 * A store in memory that fails on misuse, can hold its reads back and can break its writes. What it holds outlives
 * `close`, as a folder does: `reopen` gives the next owner the same entries.
 */
export class MemoryStore implements Store {
  readonly #entries: Map<string, Buffer>;
  #open = true;
  #held: Promise<void> | null = null;
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
    const held = this.#held;
    if (held) await held;
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

  /** Reads answer only after the returned function was called. */
  holdReads(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held = promise;
    return () => {
      this.#held = null;
      resolve();
    };
  }

  breakWrites(error: Error | null): void {
    this.#broken = error;
  }

  /** The keys that begin with the letter, in their order. */
  keys(deadLetter: string): readonly string[] {
    return [...this.#entries.keys()].filter((key) => key.startsWith(deadLetter)).sort();
  }

  /** Everything it holds. */
  entries(): readonly (readonly [string, Buffer])[] {
    return [...this.#entries];
  }

  /** The same entries for the next owner. */
  reopen(): MemoryStore {
    if (this.#open) throw new Error("the store is still open: one owner at a time may have it");
    return new MemoryStore(this.#entries);
  }

  /** What is durable now, as after a crash: the owner is gone without having closed, and writes no more. */
  crashed(): MemoryStore {
    const left = new MemoryStore(new Map(this.#entries));
    left.#open = false;
    return left;
  }

  #check(): void {
    if (!this.#open) throw new Error("the store is closed");
  }
}
