import { partitionName, type SourceRecord, type TopicPartition } from "../../data/record.ts";
import { type Clock, systemClock } from "../../lib/clock.ts";
import type { CdcError } from "../../lib/errors.ts";
import type { Source } from "../../source/source.ts";

/** Records looked at from each partition's end: the last may be a tombstone or a delete. */
const LAST = 20;
const WITHIN_MS = 10_000;

/** The last records of every topic, newest first; a topic without records has none. Starts and stops the source. */
export async function sampleRecords(
  source: Source,
  clock: Clock = systemClock,
): Promise<Map<string, SourceRecord[]>> {
  const samples = new Map<string, SourceRecord[]>();
  const waiting = new Map<string, number>();
  const done = Promise.withResolvers<void>();
  const over = new AbortController();
  const check = () => {
    if (waiting.size === 0) done.resolve();
  };
  const open = async (tp: TopicPartition) => {
    const range = await source.range(tp);
    const from = range ? Math.max(range.start, range.end - LAST) : 0;
    if (range === null || from >= range.end) waiting.delete(partitionName(tp));
    else {
      waiting.set(partitionName(tp), range.end);
      source.seek(tp, from);
      source.resume(tp);
    }
  };
  try {
    await source.start({
      assigned: (partitions) => {
        for (const tp of partitions) waiting.set(partitionName(tp), Number.POSITIVE_INFINITY);
        Promise.all(partitions.map(open)).then(check, done.reject);
      },
      records: (records) => {
        const [first] = records;
        const last = records.at(-1);
        if (!first || !last) return;
        const name = partitionName(first);
        samples.set(first.topic, [...records.toReversed(), ...(samples.get(first.topic) ?? [])]);
        if (last.offset + 1 >= (waiting.get(name) ?? 0)) waiting.delete(name);
        check();
      },
      processed: async () => {},
      ended: () => done.resolve(),
      failed: (error: CdcError) => done.reject(error),
    });
    await Promise.race([done.promise, clock.sleep(WITHIN_MS, over.signal)]);
  } finally {
    over.abort();
    await source.stop();
  }
  return samples;
}
