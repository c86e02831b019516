import type { SourceRecord } from "../../src/data/record.ts";
import type { Source } from "../../src/source/source.ts";

/** Starts the source and resolves with the first record of what it is assigned; rejects as its start does. */
export async function firstRecord(source: Source): Promise<SourceRecord> {
  const first = Promise.withResolvers<SourceRecord>();
  await source.start({
    assigned(partitions) {
      for (const tp of partitions) {
        source.seek(tp, 0);
        source.resume(tp);
      }
    },
    records: ([record]) => record && first.resolve(record),
    processed: async () => {},
    ended() {},
    failed: first.reject,
  });
  return first.promise;
}
