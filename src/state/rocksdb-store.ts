import RocksDB from "rocksdb-native";
import { CdcError, messageOf } from "../lib/errors.ts";
import { makeDirectory, unwritable } from "../lib/files.ts";
import type { Store, StoreEntry, StoreSize } from "./store.ts";

/** RocksDB has two write buffers, and a block cache of 32 MB that cannot be made smaller, only left out. */
const CACHE_BYTES = 32_000_000;
const LARGEST_BUFFER_BYTES = 16_000_000;
const SMALLEST_BUFFER_BYTES = 1_000_000;

/** Unbounded by default; a machine allows a process some thousand files. */
const OPEN_FILES = 256;

/** In RocksDB's words: the lock is held by this process, or by another. "No locks available" alone may be NFS's. */
export function isLocked(reason: string): boolean {
  return /^lock hold by current process\b|^While lock file: .*: Resource temporarily unavailable$/.test(
    reason,
  );
}

/** What the file system says where nothing can be written, which is no fault of what lies there. */
const UNWRITABLE =
  /No space left on device|Disk quota exceeded|File too large|Read-only file system|Permission denied/;

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
   * @throws CdcError STATE_IN_USE where another process has the folder, STATE_UNREADABLE where it cannot be opened,
   * STATE_UNWRITABLE where it cannot be made, or there is no room to open it
   */
  static async open(directory: string, memory_bytes: number): Promise<RocksDbStore> {
    makeDirectory(directory);
    const blockCache = memory_bytes >= CACHE_BYTES + 2 * LARGEST_BUFFER_BYTES;
    const buffer = (memory_bytes - (blockCache ? CACHE_BYTES : 0)) / 2;
    const db = new RocksDB(directory, {
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
      throw notOpened(directory, error);
    }
    return new RocksDbStore(db);
  }

  /**
   * To look only: nothing in the folder changes, and another process may have it.
   * @throws CdcError STATE_UNREADABLE where it cannot be opened
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
      // Closed meanwhile.
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
    const text = `the state folder ${directory} is in use by another process; one process at a time may have it`;
    return new CdcError("STATE_IN_USE", text, { cause });
  }
  const text = `the state folder ${directory} cannot be opened`;
  if (UNWRITABLE.test(reason)) return unwritable(text, cause);
  return new CdcError("STATE_UNREADABLE", `${text}: ${reason}`, { cause });
}
