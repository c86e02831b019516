import { USAGES } from "../metrics/usage.ts";
import { TASK_STATES } from "../task/task-status.ts";
import { each, type Metric, partitioned, single } from "./metric.ts";

/** What the names of all metrics begin with. */
export const PREFIX = "cdc_to_segment_";

/** Every metric. The registry and docs/reference/metrics.md are made from it. */
export const METRICS: readonly Metric[] = [
  each("gauge", "info", "1, for the version that runs", ["pipeline", "version"], (o) => [
    [o.pipeline, o.version, 1],
  ]),
  single(
    "gauge",
    "start_time_seconds",
    "when the process started, since 1970",
    (o) => o.since / 1_000,
  ),
  single("gauge", "live", "1 where /live is ok", ({ live }) => is(live.status === "ok")),
  single("gauge", "ready", "1 where /ready is ok", ({ ready }) => is(ready.status === "ok")),

  // Where it stands
  partitioned(
    "lag_records",
    "records between the stored position and the log's end",
    ({ lag }) => lag.records,
  ),
  partitioned(
    "lag_seconds",
    "age, by its commit in the database or else Kafka's time, of the first record taken in and not yet delivered and stored, else of the last stored; 0 at the log's end",
    ({ lag }) => lag.seconds,
  ),
  partitioned(
    "position",
    "the next offset that is not yet delivered and stored",
    (p) => p.nextOffset,
  ),
  partitioned("log_end", "the offset that the partition's next record will get", ({ end }) => end),
  each(
    "gauge",
    "task_state",
    `1 for the state that a task is in: ${TASK_STATES.join(", ")}`,
    ["topic", "partition", "state"],
    (o) =>
      o.partitions.map(({ topic, partition, taskState }) => [
        topic,
        String(partition),
        taskState,
        1,
      ]),
  ),
  partitioned(
    "checkpoint_timestamp_seconds",
    "when the last checkpoint was done, since 1970",
    (p) => (p.checkpointed === null ? null : p.checkpointed / 1_000),
  ),

  // Records
  each(
    "counter",
    "records_total",
    "records taken, by what they were and how they were written",
    ["kind", "format"],
    (o) =>
      Object.entries(o.counters.records).flatMap(([format, counts]) =>
        Object.entries(counts).map(([kind, count]) => [kind, format, count] as const),
      ),
  ),
  single(
    "counter",
    "truncates_total",
    "TRUNCATE records, not among the other records",
    ({ counters }) => counters.get("truncates"),
  ),
  single(
    "counter",
    "duplicate_records_total",
    "records below the stored position, dropped",
    ({ counters }) => counters.get("replayed"),
  ),
  single(
    "counter",
    "stale_records_total",
    "records from before the stored row's position: redelivery",
    ({ counters }) => counters.get("stale"),
  ),
  single(
    "counter",
    "position_resets_total",
    "records of a new or restored server, whose positions begin again",
    ({ counters }) => counters.get("position_resets"),
  ),
  each(
    "counter",
    "key_changes_total",
    "changes of a primary key: told as one, missed in time, unreadable",
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
    "stored rows that a new or changed sync was held against",
    ({ counters }) => counters.get("rows_backfilled"),
  ),
  single(
    "counter",
    "reconciled_rows_total",
    "rows removed because a complete snapshot no longer had them",
    ({ counters }) => counters.get("reconciled"),
  ),

  // Changes and messages
  each(
    "counter",
    "changes_total",
    "what happened to rows in the eyes of a sync: added, changed, removed",
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
    "calls saved: a member's row changed, and nothing that the sync watches",
    ["sync"],
    (o) => [...o.counters.syncs].map(([sync, counts]) => [sync, counts.calls_not_made]),
  ),
  each(
    "counter",
    "initial_skipped_total",
    "changes not sent because the row was there before the sync began",
    ["sync"],
    (o) => [...o.counters.syncs].map(([sync, counts]) => [sync, counts.initial_skipped]),
  ),
  single(
    "counter",
    "missing_users_ignored_total",
    "rows without a user that `missingUser: ignore` passed over",
    ({ counters }) => counters.get("missing_users_ignored"),
  ),
  single(
    "counter",
    "fields_left_out_total",
    "traits or properties left out: no such column, or its expression failed",
    ({ counters }) => counters.get("fields_left_out"),
  ),
  each("counter", "messages_total", "messages handed to their lane", ["sync"], (o) =>
    [...o.counters.syncs].map(([sync, { messages }]) => [sync, messages]),
  ),
  each(
    "counter",
    "messages_delivered_total",
    "messages that Segment took: what it bills",
    ["sync"],
    (o) => [...o.counters.syncs].map(([sync, counts]) => [sync, counts.messages_delivered]),
  ),

  // Delivery
  single("counter", "batches_total", "requests that Segment took", ({ counters }) =>
    counters.get("batches"),
  ),
  single(
    "counter",
    "delivered_bytes_total",
    "bytes of the messages that Segment took",
    ({ counters }) => counters.get("bytes_delivered"),
  ),
  each(
    "counter",
    "segment_responses_total",
    "Segment's answers, by what they meant: delivered, retry, slow_down, rejected, stop",
    ["action"],
    (o) =>
      Object.entries(o.counters.responses).map(([responseAction, count]) => [
        responseAction.replace(" ", "_"),
        count,
      ]),
  ),
  single("counter", "retries_total", "requests tried again", ({ counters }) =>
    counters.get("retries"),
  ),
  {
    ...{ type: "histogram", name: "delivery_delay_seconds", labels: [] },
    help: "from the commit in the database to Segment's acceptance, for each message",
    read: ({ counters }) => counters.delivery,
  },
  single(
    "counter",
    "throttled_seconds_total",
    "how long all lanes waited because Segment asked to slow down",
    ({ rateLimiter }) => rateLimiter.throttled_ms / 1_000,
  ),
  single(
    "gauge",
    "throttled",
    "1 while all lanes wait because Segment asked to slow down",
    ({ rateLimiter }) => is(rateLimiter.wait_ms > 0),
  ),
  each(
    "counter",
    "dead_letters_total",
    "records and messages set aside, by the code of the reason",
    ["reason"],
    ({ counters }) => counters.reasons("dead_letters"),
  ),

  // State
  {
    ...{ type: "histogram", name: "checkpoint_seconds", labels: [] },
    help: "how long checkpoints took, the delivery of what they cover included",
    read: ({ counters }) => counters.checkpoint,
  },
  partitioned(
    "state_entries",
    "rows in the store, deletion marks included; RocksDB's estimate",
    ({ store }) => store?.entries ?? null,
  ),
  partitioned(
    "state_disk_bytes",
    "the store's table files",
    ({ store }) => store?.disk_bytes ?? null,
  ),
  partitioned(
    "state_memory_bytes",
    "the store's write buffers",
    ({ store }) => store?.memory_bytes ?? null,
  ),
  partitioned(
    "restore_read_offsets",
    "the last restore here: offsets of the changelog that were read",
    ({ restore }) => restore?.done ?? null,
  ),
  partitioned(
    "restore_offsets",
    "the last restore here: offsets of the changelog that there were to read",
    ({ restore }) => restore?.total ?? null,
  ),

  // Limits
  ...Object.entries(USAGES).flatMap(([name, help]) => [
    partitioned(name, help, ({ usage }) => usage?.[name as keyof typeof USAGES].now ?? null),
    partitioned(
      `${name}_limit`,
      `the limit of \`${name}\``,
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
    "assignments of partitions, the first included",
    ({ source }) => source.rebalances,
  ),
  each(
    "counter",
    "consumer_restarts_total",
    "consumers in the place of one that crashed, was lost to its group, or stalled",
    ["reason"],
    ({ source }) => Object.entries(source.restarts),
  ),
  each(
    "gauge",
    "event_loop_delay_seconds",
    "how late the event loop was since the last scrape: p50, p99, max",
    ["quantile"],
    (o) => Object.entries(o.process.delay_s),
  ),
  each(
    "gauge",
    "memory_bytes",
    "the process's memory: resident, heap in use, external to it",
    ["kind"],
    (o) => [
      ["resident", o.process.resident_bytes],
      ["heap", o.process.heap_bytes],
      ["external", o.process.external_bytes],
    ],
  ),
  single("counter", "cpu_seconds_total", "processor time, user and system", (o) => o.process.cpu_s),
];

function is(fact: boolean): number {
  return fact ? 1 : 0;
}
