import type { Store, StoreEntry } from "../../state/store.ts";

/** A read-only view of a store: writes go to memory, are read from there, and are lost at the end. */
export class DryRunStore implements Store {
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

  /** Without the entries written here: only bulk removals scan, which a redrive does not make. */
  scan(from: Buffer, to: Buffer): AsyncIterable<{ readonly key: Buffer; readonly value: Buffer }> {
    return this.#store.scan(from, to);
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}
