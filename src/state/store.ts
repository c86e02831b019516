/** The port for durable local state: sorted keys and atomic batches. */
export interface Store {
  /** The values of the keys, in their order; `null` for keys without one. */
  get(keys: readonly Buffer[]): Promise<readonly (Buffer | null)[]>;
  /** Writes all entries atomically, in order; a `null` value removes the key. */
  write(entries: readonly StoreEntry[]): Promise<void>;
  /** All entries with `from` <= key < `to`, in the order of their keys, from a snapshot. */
  scan(from: Buffer, to: Buffer): AsyncIterable<{ readonly key: Buffer; readonly value: Buffer }>;
  /** Its size; `null` if it is not known. Never rejects. */
  size?(): Promise<StoreSize | null>;
  close(): Promise<void>;
}

export type StoreEntry = { readonly key: Buffer; readonly value: Buffer | null };

export type StoreSize = {
  /** An estimate: RocksDB counts no rows. */
  readonly entries: number;
  readonly disk_bytes: number;
  readonly memory_bytes: number;
};
