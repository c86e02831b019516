/** The part of rocksdb-native 3 that we use; the package has no declarations of its own. */
declare module "rocksdb-native" {
  type Range = { gte?: Buffer; lt?: Buffer; limit?: number; capacity?: number };

  class RocksDB {
    constructor(path: string, options?: Options);
    ready(): Promise<void>;
    close(): Promise<void>;
    /** Its text; rejects once it is closed. */
    getProperty(name: string): Promise<string>;
    read(options?: BatchOptions): ReadBatch;
    write(options?: BatchOptions): WriteBatch;
    iterator(range: Range): AsyncIterable<{ key: Buffer; value: Buffer }>;
  }

  type Options = {
    readOnly?: boolean;
    createIfMissing?: boolean;
    blockCache?: boolean;
    tableCacheIndexAndFilterBlocks?: boolean;
    writeBufferSize?: number;
    maxOpenFiles?: number;
    maxBackgroundJobs?: number;
  };
  /** A batch that is not destroyed keeps a handle, and `close()` then never settles. */
  type BatchOptions = { capacity?: number; autoDestroy?: boolean };

  interface ReadBatch {
    get(key: Buffer): Promise<Buffer | null>;
    flush(): Promise<void>;
  }

  interface WriteBatch {
    tryPut(key: Buffer, value: Buffer): void;
    tryDelete(key: Buffer): void;
    flush(): Promise<void>;
  }

  export = RocksDB;
}
