import type { SyncCounts } from "../metrics/counters.ts";
import { USAGES } from "../metrics/usage.ts";
import { TASK_STATES } from "../task/task-state.ts";
import {
  counter,
  gauge,
  histogram,
  labelledCounter,
  labelledGauge,
  type Metric,
  partitionGauge,
} from "./metric.ts";
import type { Observed } from "./observed.ts";

/** Every metric of the pipeline has a name with this prefix. */
export const PREFIX = "cdc_to_segment_";

/**
 * Every metric of the pipeline; the registry and docs/reference/metrics.md are generated from it. Memory, CPU time,
 * start time and event loop delay are prom-client's default metrics.
 */
export const METRICS: readonly Metric[] = [
  labelledGauge("info", "1 for the running version", ["pipeline", "version"], (o) => [
    [o.pipeline, o.version, 1],
  ]),
  gauge("live", "1 if /live is ok", ({ live }) => flag(live.status === "ok")),
  gauge("ready", "1 if /ready is ok", ({ ready }) => flag(ready.status === "ok")),

  // Progress
  partitionGauge(
    "lag_records",
    "records between the next offset and the log end",
    ({ lag }) => lag.records,
  ),
  partitionGauge(
    "lag_seconds",
    "age of the oldest record that is not delivered and stored, by its commit time or else its Kafka timestamp; 0 at the log end",
    ({ lag }) => lag.seconds,
  ),
  partitionGauge(
    "next_offset",
    "next offset to process: all records below it are delivered and stored",
    ({ nextOffset }) => nextOffset,
  ),
  partitionGauge(
    "log_end_offset",
    "log end: the offset of the partition's next record",
    ({ logEnd }) => logEnd,
  ),
  labelledGauge(
    "task_state",
    `1 for the current state of the task: ${TASK_STATES.join(", ")}`,
    ["topic", "partition", "state"],
    ({ partitions }) =>
      partitions.map(({ topic, partition, taskState }) => [topic, String(partition), taskState, 1]),
  ),
  partitionGauge("checkpoint_timestamp_seconds", "time of the last checkpoint, since 1970", (p) =>
    p.checkpointed === null ? null : p.checkpointed / 1_000,
  ),

  // Records
  labelledCounter(
    "records_total",
    "records processed, by kind and format",
    ["kind", "format"],
    (o) =>
      Object.entries(o.counters.records).flatMap(([format, counts]) =>
        Object.entries(counts).map(([kind, count]) => [kind, format, count] as const),
      ),
  ),
  counter(
    "truncates_total",
    "truncate records, which `records_total` does not include",
    ({ counters }) => counters.get("truncates"),
  ),
  counter(
    "duplicate_records_total",
    "duplicate records: below the next offset, dropped",
    ({ counters }) => counters.get("duplicates"),
  ),
  counter(
    "stale_records_total",
    "stale records: older than the stored row, dropped",
    ({ counters }) => counters.get("stale"),
  ),
  counter(
    "source_position_resets_total",
    "records with a lower source position and a later commit time: a new or restored server",
    ({ counters }) => counters.get("source_position_resets"),
  ),
  labelledCounter(
    "key_changes_total",
    "primary-key changes: sent as one change, handover timed out, or unreadable",
    ["result"],
    ({ counters }) => [
      ["changed", counters.get("key_changes")],
      ["timed_out", counters.get("key_changes_timed_out")],
      ["unreadable", counters.get("key_changes_unreadable")],
    ],
  ),
  counter("backfilled_rows_total", "stored rows read by a backfill", ({ counters }) =>
    counters.get("rows_backfilled"),
  ),
  counter(
    "reconciled_rows_total",
    "rows removed because a complete new snapshot does not contain them",
    ({ counters }) => counters.get("reconciled"),
  ),

  // Changes and messages
  labelledCounter(
    "changes_total",
    "changes of rows per sync: added, changed, removed",
    ["sync", "kind"],
    (o) =>
      perSync(o, ({ added, changed, removed }) => [
        ["added", added],
        ["changed", changed],
        ["removed", removed],
      ]),
  ),
  labelledCounter(
    "changes_skipped_total",
    "changes that send no message: unchanged (no watched column differs), initialResult (initial results), missingUser (`missingUser: ignore`)",
    ["sync", "reason"],
    (o) => perSync(o, ({ skipped }) => Object.entries(skipped)),
  ),
  counter(
    "fields_left_out_total",
    "traits or properties left out because the column is missing or the expression failed",
    ({ counters }) => counters.get("fields_left_out"),
  ),
  labelledCounter("messages_total", "messages added to a delivery queue", ["sync"], (o) =>
    [...o.counters.syncs].map(([sync, { messages }]) => [sync, messages]),
  ),
  labelledCounter(
    "messages_delivered_total",
    "messages accepted by Segment, which are the calls it bills",
    ["sync"],
    (o) => [...o.counters.syncs].map(([sync, counts]) => [sync, counts.messages_delivered]),
  ),

  // Delivery
  counter("batches_total", "requests accepted by Segment", ({ counters }) =>
    counters.get("batches"),
  ),
  counter("delivered_bytes_total", "bytes of the accepted messages", ({ counters }) =>
    counters.get("bytes_delivered"),
  ),
  labelledCounter(
    "segment_responses_total",
    "responses of Segment, by the action that follows: delivered, retry, throttled, rejected, stop",
    ["action"],
    (o) => Object.entries(o.counters.responses).map(([action, count]) => [action, count]),
  ),
  counter("retries_total", "requests retried", ({ counters }) => counters.get("retries")),
  histogram(
    "delivery_delay_seconds",
    "time from the commit in the database to acceptance by Segment, per message",
    ({ counters }) => counters.delivery,
  ),
  counter(
    "throttled_seconds_total",
    "time in which all delivery queues were throttled",
    ({ rateLimiter }) => rateLimiter.throttled_ms / 1_000,
  ),
  gauge("throttled", "1 while all delivery queues are throttled", ({ rateLimiter }) =>
    flag(rateLimiter.wait_ms > 0),
  ),
  labelledCounter(
    "dead_letters_total",
    "records and messages sent to the dead letter queue, by error code",
    ["reason"],
    ({ counters }) => counters.reasons("dead_letters"),
  ),

  // State
  histogram(
    "checkpoint_seconds",
    "duration of checkpoints, including the delivery of the messages they cover",
    ({ counters }) => counters.checkpoint,
  ),
  partitionGauge(
    "state_entries",
    "rows in the store, including delete markers; an estimate of RocksDB",
    ({ store }) => store?.entries ?? null,
  ),
  partitionGauge(
    "state_disk_bytes",
    "table files of the store",
    ({ store }) => store?.disk_bytes ?? null,
  ),
  partitionGauge(
    "state_memory_bytes",
    "write buffers of the store",
    ({ store }) => store?.memory_bytes ?? null,
  ),
  labelledGauge(
    "restore_offsets",
    "last restore of this process: changelog offsets that are restored (done) and to restore in all (total)",
    ["topic", "partition", "state"],
    ({ partitions }) =>
      partitions.flatMap(({ topic, partition, restore }) => [
        [topic, String(partition), "done", restore?.done ?? null] as const,
        [topic, String(partition), "total", restore?.total ?? null] as const,
      ]),
  ),

  // Limits
  ...Object.entries(USAGES).flatMap(([name, help]) => [
    partitionGauge(name, help, ({ usage }) => usage?.[name as keyof typeof USAGES].used ?? null),
    partitionGauge(
      `${name}_limit`,
      `limit of \`${name}\``,
      ({ usage }) => usage?.[name as keyof typeof USAGES].limit ?? null,
    ),
  ]),

  // The consumer
  gauge("consumer_joined", "1 while the consumer is in its group", ({ source }) =>
    flag(source.isJoined),
  ),
  counter(
    "rebalances_total",
    "partition assignments, including the first",
    ({ source }) => source.rebalances,
  ),
  labelledCounter(
    "consumer_restarts_total",
    "consumers replaced because they crashed, were lost to their group, or stalled",
    ["reason"],
    ({ source }) => Object.entries(source.restarts),
  ),
];

function perSync(
  { counters }: Observed,
  read: (counts: SyncCounts) => readonly (readonly [label: string, count: number])[],
): (readonly [sync: string, label: string, count: number])[] {
  return [...counters.syncs].flatMap(([sync, counts]) =>
    read(counts).map(([label, count]) => [sync, label, count] as const),
  );
}

function flag(isSet: boolean): number {
  return isSet ? 1 : 0;
}
