import type { Observed, Partition } from "./observed.ts";
import type { ProcessUsage } from "./process-usage.ts";
import type { PartitionStatus, Status, SyncStatus } from "./status.ts";

/** A sync of the settings. */
export type NamedSync = Pick<SyncStatus, "name" | "model" | "type">;

/**
 * The response of `/status`.
 * @param settings with masked secrets
 */
export function statusOf(
  observed: Observed,
  process: ProcessUsage,
  syncs: readonly NamedSync[],
  settings: object,
): Status {
  const { counters, source, rateLimiter, now } = observed;
  const { isJoined, reason, rebalances, restarts } = source;
  const { wait_ms, throttled_ms } = rateLimiter;
  return {
    pipeline: observed.pipeline,
    version: observed.version,
    since: text(observed.since),
    now: text(now),
    live: observed.live,
    ready: observed.ready,
    kafka: { isJoined, reason, rebalances, restarts },
    partitions: observed.partitions.map(partitionOf).toSorted(byName),
    syncs: syncs.map((sync) => ({ ...sync, ...counters.sync(sync.name) })),
    records: counters.records,
    segment: {
      responses: counters.responses,
      bytes: counters.get("bytes_delivered"),
      lastResponse: observed.lastResponse,
      rateLimiter: {
        throttledUntil: wait_ms > 0 ? text(now + wait_ms) : null,
        throttled_s: throttled_ms / 1_000,
      },
    },
    deadLetters: { total: counters.get("dead_letters"), byReason: counters.deadLetters },
    process,
    settings,
  };
}

function partitionOf(partition: Partition): PartitionStatus {
  const { topic, partition: number, taskState, nextOffset, logEnd, lag } = partition;
  const { checkpointed, usage, restore, store } = partition;
  return {
    ...{ topic, partition: number, taskState, nextOffset, logEnd, lag },
    lastCheckpoint: checkpointed === null ? null : text(checkpointed),
    ...{ usage, restore, store },
  };
}

function byName(a: PartitionStatus, b: PartitionStatus): number {
  return a.topic.localeCompare(b.topic) || a.partition - b.partition;
}

function text(ms: number): string {
  return new Date(ms).toISOString();
}
