/** The port for durable local state: sorted keys, one atomic write. */
export interface Store {
  /** The values of the keys, in their order; `null` where there is none. */
  get(keys: readonly Buffer[]): Promise<readonly (Buffer | null)[]>;
  /** Writes all or nothing, in order; a `null` value removes the key. */
  write(entries: readonly StoreEntry[]): Promise<void>;
  /** All entries with `from` <= key < `to`, in the order of their keys, as they were when the scan began. */
  scan(from: Buffer, to: Buffer): AsyncIterable<{ readonly key: Buffer; readonly value: Buffer }>;
  /** What it takes, as far as it knows; `null` where it does not. Never rejects. */
  size?(): Promise<StoreSize | null>;
  close(): Promise<void>;
}

export type StoreEntry = { readonly key: Buffer; readonly value: Buffer | null };

/** What a store takes. */
export type StoreSize = {
  /** An estimate: RocksDB counts no rows. */
  readonly entries: number;
  readonly disk_bytes: number;
  readonly memory_bytes: number;
};
