import { USAGES } from "../metrics/usage.ts";
import { TASK_STATES } from "../task/task-state.ts";
import { each, type Metric, partitioned, single } from "./metric.ts";

/** What the names of all metrics begin with. */
export const PREFIX = "cdc_to_segment_";

/** Every metric. The registry and docs/reference/metrics.md are made from it. */
export const METRICS: readonly Metric[] = [
  each("gauge", "info", "1 for the running version", ["pipeline", "version"], (o) => [
    [o.pipeline, o.version, 1],
  ]),
  single(
    "gauge",
    "start_time_seconds",
    "start time of the process, since 1970",
    (o) => o.since / 1_000,
  ),
  single("gauge", "live", "1 if /live is ok", ({ live }) => is(live.status === "ok")),
  single("gauge", "ready", "1 if /ready is ok", ({ ready }) => is(ready.status === "ok")),

  // Progress
  partitioned(
    "lag_records",
    "records between the stored offset and the log end",
    ({ lag }) => lag.records,
  ),
  partitioned(
    "lag_seconds",
    "age of the oldest record that is not delivered and stored, by its commit time or else its Kafka timestamp; 0 at the log end",
    ({ lag }) => lag.seconds,
  ),
  partitioned(
    "position",
    "next offset: everything below it is delivered and stored",
    (p) => p.nextOffset,
  ),
  partitioned("log_end", "log end: the offset of the partition's next record", ({ end }) => end),
  each(
    "gauge",
    "task_state",
    `1 for the current state of the task: ${TASK_STATES.join(", ")}`,
    ["topic", "partition", "state"],
    (o) =>
      o.partitions.map(({ topic, partition, taskState }) => [
        topic,
        String(partition),
        taskState,
        1,
      ]),
  ),
  partitioned("checkpoint_timestamp_seconds", "time of the last checkpoint, since 1970", (p) =>
    p.checkpointed === null ? null : p.checkpointed / 1_000,
  ),

  // Records
  each(
    "counter",
    "records_total",
    "records processed, by kind and format",
    ["kind", "format"],
    (o) =>
      Object.entries(o.counters.records).flatMap(([format, counts]) =>
        Object.entries(counts).map(([kind, count]) => [kind, format, count] as const),
      ),
  ),
  single(
    "counter",
    "truncates_total",
    "truncate records, which `records_total` does not include",
    ({ counters }) => counters.get("truncates"),
  ),
  single(
    "counter",
    "duplicate_records_total",
    "records below the next offset, dropped",
    ({ counters }) => counters.get("replayed"),
  ),
  single(
    "counter",
    "stale_records_total",
    "records from before the stored row, dropped",
    ({ counters }) => counters.get("stale"),
  ),
  single(
    "counter",
    "position_resets_total",
    "records of a new or restored database server, with a lower source position",
    ({ counters }) => counters.get("position_resets"),
  ),
  each(
    "counter",
    "key_changes_total",
    "primary-key changes: sent as one change, handover missed, or unreadable",
    ["result"],
    ({ counters }) => [
      ["one", counters.get("key_changes")],
      ["missed", counters.get("key_changes_missed")],
      ["unreadable", counters.get("key_changes_unreadable")],
    ],
  ),
  single(
    "counter",
    "backfilled_rows_total",
    "stored rows that a backfill has read",
    ({ counters }) => counters.get("rows_backfilled"),
  ),
  single(
    "counter",
    "reconciled_rows_total",
    "rows removed because a complete new snapshot does not contain them",
    ({ counters }) => counters.get("reconciled"),
  ),

  // Changes and messages
  each(
    "counter",
    "changes_total",
    "changes of rows per sync: added, changed, removed",
    ["sync", "kind"],
    (o) =>
      [...o.counters.syncs].flatMap(([sync, { added, changed, removed }]) => [
        [sync, "added", added] as const,
        [sync, "changed", changed] as const,
        [sync, "removed", removed] as const,
      ]),
  ),
  each(
    "counter",
    "calls_not_made_total",
    "changes skipped because no watched column differs",
    ["sync"],
    (o) => [...o.counters.syncs].map(([sync, counts]) => [sync, counts.calls_not_made]),
  ),
  each(
    "counter",
    "initial_skipped_total",
    "changes skipped because the row is an initial result",
    ["sync"],
    (o) => [...o.counters.syncs].map(([sync, counts]) => [sync, counts.initial_skipped]),
  ),
  single(
    "counter",
    "missing_users_ignored_total",
    "rows without a user, ignored by `missingUser: ignore`",
    ({ counters }) => counters.get("missing_users_ignored"),
  ),
  single(
    "counter",
    "fields_left_out_total",
    "traits or properties left out because the column is missing or the expression failed",
    ({ counters }) => counters.get("fields_left_out"),
  ),
  each("counter", "messages_total", "messages added to a delivery queue", ["sync"], (o) =>
    [...o.counters.syncs].map(([sync, { messages }]) => [sync, messages]),
  ),
  each(
    "counter",
    "messages_delivered_total",
    "messages that Segment has accepted, which are the calls it bills",
    ["sync"],
    (o) => [...o.counters.syncs].map(([sync, counts]) => [sync, counts.messages_delivered]),
  ),

  // Delivery
  single("counter", "batches_total", "requests that Segment has accepted", ({ counters }) =>
    counters.get("batches"),
  ),
  single("counter", "delivered_bytes_total", "bytes of the accepted messages", ({ counters }) =>
    counters.get("bytes_delivered"),
  ),
  each(
    "counter",
    "segment_responses_total",
    "responses of Segment, by the action that follows: delivered, retry, slow_down, rejected, stop",
    ["action"],
    (o) =>
      Object.entries(o.counters.responses).map(([responseAction, count]) => [
        responseAction.replace(" ", "_"),
        count,
      ]),
  ),
  single("counter", "retries_total", "requests retried", ({ counters }) => counters.get("retries")),
  {
    ...{ type: "histogram", name: "delivery_delay_seconds", labels: [] },
    help: "time from the commit in the database to acceptance by Segment, per message",
    read: ({ counters }) => counters.delivery,
  },
  single(
    "counter",
    "throttled_seconds_total",
    "time in which Segment throttled all delivery queues",
    ({ rateLimiter }) => rateLimiter.throttled_ms / 1_000,
  ),
  single("gauge", "throttled", "1 while Segment throttles all delivery queues", ({ rateLimiter }) =>
    is(rateLimiter.wait_ms > 0),
  ),
  each(
    "counter",
    "dead_letters_total",
    "rejected records and messages, by error code",
    ["reason"],
    ({ counters }) => counters.reasons("dead_letters"),
  ),

  // State
  {
    ...{ type: "histogram", name: "checkpoint_seconds", labels: [] },
    help: "duration of checkpoints, including the delivery of the messages they cover",
    read: ({ counters }) => counters.checkpoint,
  },
  partitioned(
    "state_entries",
    "rows in the store, including delete markers; an estimate of RocksDB",
    ({ store }) => store?.entries ?? null,
  ),
  partitioned(
    "state_disk_bytes",
    "table files of the store",
    ({ store }) => store?.disk_bytes ?? null,
  ),
  partitioned(
    "state_memory_bytes",
    "write buffers of the store",
    ({ store }) => store?.memory_bytes ?? null,
  ),
  partitioned(
    "restore_read_offsets",
    "last restore: changelog offsets read",
    ({ restore }) => restore?.done ?? null,
  ),
  partitioned(
    "restore_offsets",
    "last restore: changelog offsets to read",
    ({ restore }) => restore?.total ?? null,
  ),

  // Limits
  ...Object.entries(USAGES).flatMap(([name, help]) => [
    partitioned(name, help, ({ usage }) => usage?.[name as keyof typeof USAGES].now ?? null),
    partitioned(
      `${name}_limit`,
      `limit of \`${name}\``,
      ({ usage }) => usage?.[name as keyof typeof USAGES].limit ?? null,
    ),
  ]),

  // The process and its consumer
  single("gauge", "consumer_joined", "1 while the consumer is in its group", ({ source }) =>
    is(source.isJoined),
  ),
  single(
    "counter",
    "rebalances_total",
    "partition assignments, including the first",
    ({ source }) => source.rebalances,
  ),
  each(
    "counter",
    "consumer_restarts_total",
    "consumers replaced because they crashed, were lost to their group, or stalled",
    ["reason"],
    ({ source }) => Object.entries(source.restarts),
  ),
  each(
    "gauge",
    "event_loop_delay_seconds",
    "event loop delay since the last scrape: p50, p99, max",
    ["quantile"],
    (o) => Object.entries(o.process.delay_s),
  ),
  each(
    "gauge",
    "memory_bytes",
    "memory of the process: resident, heap in use, external",
    ["kind"],
    (o) => [
      ["resident", o.process.resident_bytes],
      ["heap", o.process.heap_bytes],
      ["external", o.process.external_bytes],
    ],
  ),
  single("counter", "cpu_seconds_total", "CPU time, user and system", (o) => o.process.cpu_s),
];

function is(fact: boolean): number {
  return fact ? 1 : 0;
}
