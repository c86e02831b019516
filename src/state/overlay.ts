import type { Store, StoreEntry } from "./store.ts";

/** Entries that one write takes to the store; `null` removes. */
export type Cut<V> = ReadonlyMap<string, V | null>;

/**
 * One kind of entries of a store, and above it what was put and is not yet written. A read sees the newest, wherever
 * it stands. `null` is no entry; put, it removes one.
 */
export class Overlay<V> {
  readonly #store: Store;
  readonly #prefix: string;
  readonly #decode: (bytes: Buffer) => V;
  #open = new Map<string, V | null>();
  #cut: Cut<V> = new Map();

  /** @param prefix one character that all keys of this kind begin with in the store */
  constructor(store: Store, prefix: string, decode: (bytes: Buffer) => V) {
    this.#store = store;
    this.#prefix = prefix;
    this.#decode = decode;
  }

  /** Entries put and not yet written. */
  get size(): number {
    return this.#open.size + this.#cut.size;
  }

  /**
   * The entries of the keys, many at once. What is not yet written is taken along: a checkpoint may move it into the
   * store while the rest is being read.
   */
  async prefetch(keys: ReadonlySet<string>): Promise<ReadonlyMap<string, V>> {
    const found = new Map<string, V>();
    const missing: string[] = [];
    for (const key of keys) {
      const value = this.#newest(key);
      if (value) found.set(key, value);
      else if (value === undefined) missing.push(key);
    }
    const values = await this.#store.get(missing.map((key) => this.storeKey(key)));
    values.forEach((bytes, i) => {
      if (bytes) found.set(missing[i] as string, this.#decode(bytes));
    });
    return found;
  }

  /** The newest entry of the key: as put, else as prefetched. */
  get(key: string, prefetched: ReadonlyMap<string, V>): V | null {
    const newest = this.#newest(key);
    return newest === undefined ? (prefetched.get(key) ?? null) : newest;
  }

  put(key: string, value: V | null): void {
    this.#open.set(key, value);
  }

  /** Every entry, the newest of each: what is not yet written first, then the rest of the store in the order of keys. */
  async *entries(after: string | null = null): AsyncIterable<readonly [string, V]> {
    const newest = new Map([...this.#cut, ...this.#open]);
    for (const [key, value] of newest) if (value !== null) yield [key, value];
    for await (const { key, value } of this.#store.scan(
      this.storeKey(after === null ? "" : `${after}\0`),
      this.#end,
    )) {
      const name = key.toString("utf8", 1);
      if (!newest.has(name)) yield [name, this.#decode(value)];
    }
  }

  /** Takes everything put so far as one cut; what is put from now on gathers above it. One cut at a time. */
  cut(): Cut<V> {
    this.#cut = this.#open;
    this.#open = new Map();
    return this.#cut;
  }

  /** The cut is written: the store has it. */
  written(): void {
    this.#cut = new Map();
  }

  storeKey(key: string): Buffer {
    return Buffer.from(this.#prefix + key);
  }

  get #end(): Buffer {
    return Buffer.from(String.fromCharCode(this.#prefix.charCodeAt(0) + 1));
  }

  #newest(key: string): V | null | undefined {
    const value = this.#open.get(key);
    return value === undefined ? this.#cut.get(key) : value;
  }
}

/** What a cut writes of one kind. */
export function* entriesOf<V>(
  overlay: Overlay<V>,
  cut: Cut<V>,
  encode: (value: V) => Buffer,
): Iterable<StoreEntry> {
  for (const [key, value] of cut) {
    yield { key: overlay.storeKey(key), value: value === null ? null : encode(value) };
  }
}
