import type { SourceRecord, TopicPartition } from "../../data/record.ts";
import { systemClock } from "../../lib/clock.ts";
import { withTimeout } from "../../lib/timeout.ts";
import { PartitionReader } from "../../source/partition-reader.ts";
import type { Source } from "../../source/source.ts";

/** Of each partition: the very last record may be a tombstone or a delete. */
const SAMPLE_OFFSETS = 20;
const TIMEOUT_MS = 10_000;

/** The last records of every topic, newest first; what has not arrived in time is left out. Starts and stops the source. */
export async function sampleRecords(source: Source): Promise<Map<string, SourceRecord[]>> {
  const reader = new PartitionReader(source, systemClock);
  const samples = new Map<string, SourceRecord[]>();
  const sample = async (tp: TopicPartition) => {
    const range = await source.range(tp);
    if (range === null) return;
    const from = Math.max(range.start, range.end - SAMPLE_OFFSETS);
    for await (const records of reader.read(tp, from, range.end))
      samples.set(tp.topic, [...records.toReversed(), ...(samples.get(tp.topic) ?? [])]);
  };
  try {
    const partitions = await reader.partitions();
    await withTimeout(TIMEOUT_MS, systemClock, Promise.all(partitions.map(sample)));
  } finally {
    await reader.close();
  }
  return samples;
}
