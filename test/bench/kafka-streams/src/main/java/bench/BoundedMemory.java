package bench;

import java.util.Map;
import org.apache.kafka.streams.state.RocksDBConfigSetter;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.Cache;
import org.rocksdb.LRUCache;
import org.rocksdb.Options;
import org.rocksdb.WriteBufferManager;

/** Caches and write buffers of all stores together in as much memory as ours have, the way Kafka's manual advises. */
public final class BoundedMemory implements RocksDBConfigSetter {
    private static final long MEMORY_BYTES = 256_000_000;
    private static final long BUFFER_BYTES = 128_000_000;

    private static final Cache CACHE = new LRUCache(MEMORY_BYTES);
    private static final WriteBufferManager BUFFERS = new WriteBufferManager(BUFFER_BYTES, CACHE);

    @Override
    public void setConfig(String store, Options options, Map<String, Object> settings) {
        BlockBasedTableConfig table = (BlockBasedTableConfig) options.tableFormatConfig();
        table.setBlockCache(CACHE);
        table.setCacheIndexAndFilterBlocks(true);
        options.setWriteBufferManager(BUFFERS);
        options.setTableFormatConfig(table);
    }

    @Override
    public void close(String store, Options options) {
        // All stores share the cache: it goes with the process.
    }
}
