import type { Store, StoreEntry } from "./store.ts";

/** The frozen entries that a checkpoint writes, as text; `null` removes. */
export type PendingWrites = ReadonlyMap<string, string | null>;

export type TextCodec<V> = {
  readonly encode: (value: V) => string;
  readonly decode: (text: string) => V;
};

/**
 * One kind of entries of a store, with a buffer of changes since the last checkpoint above it. Reads return the newest
 * value. Putting `null` removes an entry.
 *
 * The buffer holds text: a row is about twenty objects, and objects that live until the next checkpoint are what makes
 * garbage collection expensive.
 */
export class WriteBuffer<V> {
  readonly #store: Store;
  readonly #prefix: string;
  readonly #codec: TextCodec<V>;
  #open = new Map<string, string | null>();
  #pending: PendingWrites = new Map();
  #openLength = 0;
  #pendingLength = 0;
  /** Values put since the last prefetch or freeze, so that a key that occurs twice in a group is not decoded again. */
  readonly #values = new Map<string, { readonly text: string; readonly value: V }>();

  /** @param prefix first character in the store of all keys of this kind */
  constructor(store: Store, prefix: string, codec: TextCodec<V>) {
    this.#store = store;
    this.#prefix = prefix;
    this.#codec = codec;
  }

  /** Entries put and not yet written. */
  get size(): number {
    return this.#open.size + this.#pending.size;
  }

  /** Total length of their texts, in characters. */
  get length(): number {
    return this.#openLength + this.#pendingLength;
  }

  /**
   * The entries of many keys at once. Entries in the buffer are included: a checkpoint may move them into the store while
   * the rest is read.
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

  /** The newest entry of one key, and whether it is in the store. */
  async lookup(key: string): Promise<{ readonly value: V | null; readonly isWritten: boolean }> {
    const text = this.#newest(key);
    if (text !== undefined)
      return { value: text === null ? null : this.#codec.decode(text), isWritten: false };
    const [bytes] = await this.#store.get([this.storeKey(key)]);
    return { value: bytes ? this.#codec.decode(bytes.toString("utf8")) : null, isWritten: true };
  }

  /** The newest entry of the key: from the buffer, else from the prefetched ones. */
  get(key: string, prefetched: ReadonlyMap<string, V>): V | null {
    const text = this.#newest(key);
    if (text === undefined) return prefetched.get(key) ?? null;
    return text === null ? null : this.#value(key, text);
  }

  /** @param text the encoded value, if the caller has it */
  put(
    key: string,
    value: V | null,
    text = value === null ? null : this.#codec.encode(value),
  ): void {
    this.#openLength += (text?.length ?? 0) - (this.#open.get(key)?.length ?? 0);
    this.#open.set(key, text);
    if (value !== null && text !== null) this.#values.set(key, { text, value });
  }

  /** The newest version of every entry: first the buffer, then the rest of the store in the order of keys. */
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

  /** Freezes the buffer as pending writes and starts a new one above them. Only one can be pending. */
  freeze(): PendingWrites {
    this.#pending = this.#open;
    this.#open = new Map();
    this.#pendingLength = this.#openLength;
    this.#openLength = 0;
    this.#values.clear();
    return this.#pending;
  }

  /** The store entries of pending writes. */
  *entriesOf(pending: PendingWrites): Iterable<StoreEntry> {
    for (const [key, text] of pending)
      yield { key: this.storeKey(key), value: text === null ? null : Buffer.from(text) };
  }

  /** The store has the pending writes. */
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
