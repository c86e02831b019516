import RocksDB from "rocksdb-native";
import { CdcError, messageOf } from "../lib/errors.ts";
import { makeDirectory, unwritable } from "../lib/files.ts";
import type { Store, StoreEntry, StoreSize } from "./store.ts";

/** RocksDB has two write buffers, and a block cache of 32 MB that can be disabled but not made smaller. */
const CACHE_BYTES = 32_000_000;
const LARGEST_BUFFER_BYTES = 16_000_000;
const SMALLEST_BUFFER_BYTES = 1_000_000;

/** Unbounded by default; an operating system allows a process a few thousand open files. */
const OPEN_FILES = 256;

/** RocksDB's messages for a lock held by this process or by another. "No locks available" alone may come from NFS. */
export function isLocked(reason: string): boolean {
  return /^lock hold by current process\b|^While lock file: .*: Resource temporarily unavailable$/.test(
    reason,
  );
}

/** Messages of the file system if nothing can be written, although the state itself is intact. */
const UNWRITABLE =
  /No space left on device|Disk quota exceeded|File too large|Read-only file system|Permission denied/;

/**
 * RocksDB in a directory. Writes go to its log without fsync. A killed process loses nothing. A power failure may lose the
 * last checkpoints, but never a part of one: rows and offset go back together, and the records are read again.
 */
export class RocksDbStore implements Store {
  readonly #db: RocksDB;

  private constructor(db: RocksDB) {
    this.#db = db;
  }

  /**
   * @param memory_bytes for its buffers and cache; 2 MB is the minimum
   * @throws CdcError STATE_IN_USE if another process uses the directory, STATE_UNREADABLE if it cannot be opened,
   * STATE_UNWRITABLE if it cannot be created or the disk is full
   */
  static async open(directory: string, memory_bytes: number): Promise<RocksDbStore> {
    makeDirectory(directory);
    const blockCache = memory_bytes >= CACHE_BYTES + 2 * LARGEST_BUFFER_BYTES;
    const buffer = (memory_bytes - (blockCache ? CACHE_BYTES : 0)) / 2;
    const db = new RocksDB(directory, {
      blockCache,
      // RocksDB rejects this without a block cache; index and filter blocks are then kept with the open files.
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
      throw notOpened(directory, error);
    }
    return new RocksDbStore(db);
  }

  /**
   * Read-only: nothing in the directory changes, and another process may use it.
   * @throws CdcError STATE_UNREADABLE if it cannot be opened
   */
  static async openToRead(directory: string): Promise<RocksDbStore> {
    const db = new RocksDB(directory, {
      ...{ readOnly: true, createIfMissing: false, blockCache: false },
      ...{ tableCacheIndexAndFilterBlocks: false, maxOpenFiles: OPEN_FILES },
    });
    try {
      await db.ready();
    } catch (error) {
      throw notOpened(directory, error);
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
      throw unwritable("the state cannot be written", (error as Error).cause ?? error);
    }
  }

  scan(from: Buffer, to: Buffer): AsyncIterable<{ key: Buffer; value: Buffer }> {
    return this.#db.iterator({ gte: from, lt: to, capacity: 256 });
  }

  async size(): Promise<StoreSize | null> {
    try {
      const [entries = 0, disk_bytes = 0, memory_bytes = 0] = await Promise.all(
        ["estimate-num-keys", "total-sst-files-size", "size-all-mem-tables"].map(async (name) =>
          Number(await this.#db.getProperty(`rocksdb.${name}`)),
        ),
      );
      return { entries, disk_bytes, memory_bytes };
    } catch {
      // It was closed in the meantime.
      return null;
    }
  }

  close(): Promise<void> {
    return this.#db.close();
  }
}

function notOpened(directory: string, cause: unknown): CdcError {
  const reason = messageOf(cause);
  if (isLocked(reason)) {
    const text = `the state directory ${directory} is in use by another process; only one process can use it at a time`;
    return new CdcError("STATE_IN_USE", text, { cause });
  }
  const text = `the state directory ${directory} cannot be opened`;
  if (UNWRITABLE.test(reason)) return unwritable(text, cause);
  return new CdcError("STATE_UNREADABLE", `${text}: ${reason}`, { cause });
}
