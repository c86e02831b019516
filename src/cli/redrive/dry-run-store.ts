import type { Store, StoreEntry } from "../../state/store.ts";

/** A store that is only looked at: what is written is read again from memory, and gone with it. */
export class DryStore implements Store {
  readonly #store: Store;
  readonly #written = new Map<string, Buffer | null>();

  constructor(store: Store) {
    this.#store = store;
  }

  async get(keys: readonly Buffer[]): Promise<readonly (Buffer | null)[]> {
    const values = await this.#store.get(keys);
    return keys.map((key, i) => {
      const written = this.#written.get(key.toString("latin1"));
      return written === undefined ? (values[i] ?? null) : written;
    });
  }

  async write(entries: readonly StoreEntry[]): Promise<void> {
    for (const { key, value } of entries) this.#written.set(key.toString("latin1"), value);
  }

  /** Without what was written: only what is removed in bulk asks for all entries. */
  scan(from: Buffer, to: Buffer): AsyncIterable<{ readonly key: Buffer; readonly value: Buffer }> {
    return this.#store.scan(from, to);
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}
