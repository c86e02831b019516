import RocksDB from "rocksdb-native";
import { CdcError, messageOf } from "../errors.ts";
import { makeFolder } from "../folder.ts";
import type { Store, StoreEntry } from "./store.ts";

/** RocksDB has two write buffers, and a block cache of 32 MB that cannot be made smaller, only left out. */
const CACHE_BYTES = 32_000_000;
const LARGEST_BUFFER_BYTES = 16_000_000;
const SMALLEST_BUFFER_BYTES = 1_000_000;

/** Unbounded by default; a machine allows a process some thousand files. */
const OPEN_FILES = 256;

/** In RocksDB's words: the lock is held by this process, or by another. "No locks available" alone may be NFS's. */
export function isHeld(reason: string): boolean {
  return /^lock hold by current process\b|^While lock file: .*: Resource temporarily unavailable$/.test(
    reason,
  );
}

/**
 * RocksDB in a folder. Writes go through its log without fsync: a killed process loses nothing, a power cut may lose
 * the last checkpoints but never half of one; the position goes back with the rows, so the records come again.
 */
export class RocksDbStore implements Store {
  readonly #db: RocksDB;

  private constructor(db: RocksDB) {
    this.#db = db;
  }

  /**
   * @param memory_bytes what its buffers and cache may take; 2 MB is the least
   * @throws CdcError STATE_IN_USE where another process has the folder, STATE_UNREADABLE where it cannot be opened, STATE_UNWRITABLE where it cannot be made
   */
  static async open(folder: string, memory_bytes: number): Promise<RocksDbStore> {
    makeFolder(folder);
    const blockCache = memory_bytes >= CACHE_BYTES + 2 * LARGEST_BUFFER_BYTES;
    const buffer = (memory_bytes - (blockCache ? CACHE_BYTES : 0)) / 2;
    const db = new RocksDB(folder, {
      blockCache,
      // RocksDB refuses to keep them in a cache that is not there; without one they lie with the open files.
      tableCacheIndexAndFilterBlocks: blockCache,
      writeBufferSize: Math.round(
        Math.min(LARGEST_BUFFER_BYTES, Math.max(SMALLEST_BUFFER_BYTES, buffer)),
      ),
      maxOpenFiles: OPEN_FILES,
      maxBackgroundJobs: 2,
    });
    try {
      await db.ready();
    } catch (error) {
      const reason = messageOf(error);
      throw isHeld(reason)
        ? new CdcError(
            "STATE_IN_USE",
            `the state folder ${folder} is in use by another process; one process at a time may have it`,
            { cause: error },
          )
        : new CdcError(
            "STATE_UNREADABLE",
            `the state folder ${folder} cannot be opened: ${reason}`,
            { cause: error },
          );
    }
    return new RocksDbStore(db);
  }

  async get(keys: readonly Buffer[]): Promise<readonly (Buffer | null)[]> {
    if (keys.length === 0) return [];
    const batch = this.#db.read({ capacity: keys.length, autoDestroy: true });
    const values = keys.map((key) => batch.get(key));
    await batch.flush();
    return Promise.all(values);
  }

  async write(entries: readonly StoreEntry[]): Promise<void> {
    if (entries.length === 0) return;
    const batch = this.#db.write({ capacity: entries.length, autoDestroy: true });
    for (const { key, value } of entries) {
      if (value === null) batch.tryDelete(key);
      else batch.tryPut(key, value);
    }
    try {
      await batch.flush();
    } catch (error) {
      const reason = messageOf((error as Error).cause ?? error);
      throw new CdcError(
        "STATE_UNWRITABLE",
        `the state cannot be written, is the disk full? ${reason}`,
        { cause: error },
      );
    }
  }

  scan(from: Buffer, to: Buffer): AsyncIterable<{ key: Buffer; value: Buffer }> {
    return this.#db.iterator({ gte: from, lt: to, capacity: 256 });
  }

  close(): Promise<void> {
    return this.#db.close();
  }
}
