import type { Store, StoreEntry } from "./store.ts";

/** Entries that one write takes to the store, as text; `null` removes. */
export type PendingWrites = ReadonlyMap<string, string | null>;

/** How entries of one kind are written. */
export type TextCodec<V> = {
  readonly encode: (value: V) => string;
  readonly decode: (text: string) => V;
};

/**
 * One kind of entries of a store, and above it what was put and is not yet written. A read sees the newest, wherever
 * it stands. `null` is no entry; put, it removes one.
 *
 * What waits to be written waits as text: a row is some twenty objects, and those that live for longer than a moment are
 * what garbage collection costs.
 */
export class WriteBuffer<V> {
  readonly #store: Store;
  readonly #prefix: string;
  readonly #codec: TextCodec<V>;
  #open = new Map<string, string | null>();
  #pending: PendingWrites = new Map();
  #openLength = 0;
  #pendingLength = 0;
  /** Values of texts that were put since the last prefetch or cut: a key that a group has twice is not read from its text. */
  readonly #values = new Map<string, { readonly text: string; readonly value: V }>();

  /** @param prefix one character that all keys of this kind begin with in the store */
  constructor(store: Store, prefix: string, codec: TextCodec<V>) {
    this.#store = store;
    this.#prefix = prefix;
    this.#codec = codec;
  }

  /** Entries put and not yet written. */
  get size(): number {
    return this.#open.size + this.#pending.size;
  }

  /** How long their texts are, in characters. */
  get length(): number {
    return this.#openLength + this.#pendingLength;
  }

  /**
   * The entries of the keys, many at once. What is not yet written is taken along: a checkpoint may move it into the
   * store while the rest is being read.
   */
  async prefetch(keys: ReadonlySet<string>): Promise<ReadonlyMap<string, V>> {
    this.#values.clear();
    const found = new Map<string, V>();
    const missing: string[] = [];
    for (const key of keys) {
      const text = this.#newest(key);
      if (text === undefined) missing.push(key);
      else if (text !== null) found.set(key, this.#value(key, text));
    }
    const values = await this.#store.get(missing.map((key) => this.storeKey(key)));
    values.forEach((bytes, i) => {
      if (bytes) found.set(missing[i] as string, this.#codec.decode(bytes.toString("utf8")));
    });
    return found;
  }

  /** The newest entry of one key, for who only looks, and whether it is written. */
  async lookup(key: string): Promise<{ readonly value: V | null; readonly isWritten: boolean }> {
    const text = this.#newest(key);
    if (text !== undefined)
      return { value: text === null ? null : this.#codec.decode(text), isWritten: false };
    const [bytes] = await this.#store.get([this.storeKey(key)]);
    return { value: bytes ? this.#codec.decode(bytes.toString("utf8")) : null, isWritten: true };
  }

  /** The newest entry of the key: as put, else as prefetched. */
  get(key: string, prefetched: ReadonlyMap<string, V>): V | null {
    const text = this.#newest(key);
    if (text === undefined) return prefetched.get(key) ?? null;
    return text === null ? null : this.#value(key, text);
  }

  put(key: string, value: V | null): void {
    const text = value === null ? null : this.#codec.encode(value);
    this.#openLength += (text?.length ?? 0) - (this.#open.get(key)?.length ?? 0);
    this.#open.set(key, text);
    if (value !== null && text !== null) this.#values.set(key, { text, value });
  }

  /** Every entry, the newest of each: what is not yet written first, then the rest of the store in the order of keys. */
  async *entries(after: string | null = null): AsyncIterable<readonly [string, V]> {
    const { decode } = this.#codec;
    const newest = new Map([...this.#pending, ...this.#open]);
    for (const [key, text] of newest) if (text !== null) yield [key, decode(text)];
    for await (const { key, value } of this.#store.scan(
      this.storeKey(after === null ? "" : `${after}\0`),
      this.#end,
    )) {
      const name = key.toString("utf8", 1);
      if (!newest.has(name)) yield [name, decode(value.toString("utf8"))];
    }
  }

  /** Takes everything put so far as one cut; what is put from now on gathers above it. One cut at a time. */
  freeze(): PendingWrites {
    this.#pending = this.#open;
    this.#open = new Map();
    this.#pendingLength = this.#openLength;
    this.#openLength = 0;
    this.#values.clear();
    return this.#pending;
  }

  /** What a cut writes. */
  *entriesOf(pending: PendingWrites): Iterable<StoreEntry> {
    for (const [key, text] of pending)
      yield { key: this.storeKey(key), value: text === null ? null : Buffer.from(text) };
  }

  /** The cut is written: the store has it. */
  written(): void {
    this.#pending = new Map();
    this.#pendingLength = 0;
  }

  storeKey(key: string): Buffer {
    return Buffer.from(this.#prefix + key);
  }

  get #end(): Buffer {
    return Buffer.from(String.fromCharCode(this.#prefix.charCodeAt(0) + 1));
  }

  #newest(key: string): string | null | undefined {
    const text = this.#open.get(key);
    return text === undefined ? this.#pending.get(key) : text;
  }

  #value(key: string, text: string): V {
    const known = this.#values.get(key);
    return known?.text === text ? known.value : this.#codec.decode(text);
  }
}
