import type { Usage } from "../../src/metrics/usage.ts";
import type {
  PartitionStatus,
  RecentDeadLetter,
  RecentMessage,
  Status,
  SyncStatus,
} from "../../src/status/status.ts";
import type { Snapshot } from "./snapshot.ts";

/** The expected text of the page for a response, written independently of the page's code. */

export function partitionRow(of: PartitionStatus, now: string): string[] {
  const { topic, partition, taskState, restore, nextOffset, logEnd, lag, lastCheckpoint, usage } =
    of;
  const bar =
    taskState === "restoring" && restore
      ? ` ${count(restore.done)} of ${count(restore.total)}`
      : "";
  const age = lag.seconds === null ? "" : ` ${span(lag.seconds)}`;
  return [
    `${topic}/${partition}`,
    taskState + bar,
    `${count(nextOffset)} of ${count(logEnd)}`,
    lag.records === 0 ? "none" : count(lag.records) + age,
    lastCheckpoint === null ? "–" : ago(lastCheckpoint, now),
    usage === null ? "–" : usageText(usage),
    of.store === null ? "–" : `${count(of.store.entries)} rows ${size(storeBytes(of))}`,
  ];
}

function usageText(usage: NonNullable<PartitionStatus["usage"]>): string {
  const { queue_records, uncommitted_rows, delivery_queue_messages } = usage;
  const waiting = `${queue_records.used} to process, ${uncommitted_rows.used} to store, ${delivery_queue_messages.used} to deliver`;
  return `${waiting} ${tenths(100 * highestShare(usage))} % of the nearest limit`;
}

/** Use of the limit that is nearest. */
function highestShare(usage: NonNullable<PartitionStatus["usage"]>): number {
  const share = ({ used, limit }: Usage) => (limit === 0 ? 0 : used / limit);
  return Math.max(...Object.values(usage).map(share));
}

export function syncRow(sync: SyncStatus): string[] {
  const { name, type, model, messages, messages_delivered, skipped } = sync;
  const queued = messages - messages_delivered;
  const calls = messages + skipped.unchanged;
  return [
    name,
    `${type} model ${model}`,
    ...[sync.added, sync.changed, sync.removed, skipped.initialResult].map(count),
    `${skipped.unchanged}${calls === 0 ? "" : ` saves ${tenths((100 * skipped.unchanged) / calls)} %`}`,
    `${messages_delivered}${queued > 0 ? ` ${queued} queued` : ""}`,
  ];
}

export function messageRow(message: RecentMessage, now: string): string[] {
  const { sync, type, event, messageId, userId, anonymousId, change, record } = message;
  const { deliveryTime, response, delay_s } = message;
  return [
    timeOfDay(deliveryTime, now),
    sync,
    `${type}${event === undefined ? "" : ` “${event}”`} ${messageId}`,
    userId ?? anonymousId ?? "–",
    [change.kind, change.columns?.join(", "), "explain"].filter(Boolean).join(" "),
    `${record.topic}/${record.partition} @ ${record.offset} key ${record.key}`,
    delay_s === null ? response : `${response} ${span(delay_s)} after commit`,
  ];
}

export function deadLetterRow(deadLetter: RecentDeadLetter, now: string): string[] {
  const { time, code, reason, rejectedBy, topic, partition, offset } = deadLetter;
  const record = `${topic}/${partition} @ ${offset}`;
  return [timeOfDay(time, now), `${code} ${reason}`, rejectedBy ?? "all", record];
}

/** The summaries of the partitions, of the dead letters, and of the process. */
export function summaries({ partitions, deadLetters, kafka, process }: Status): string[] {
  const states = [...new Set(partitions.map(({ taskState }) => taskState))].map(
    (name) => `${partitions.filter(({ taskState }) => taskState === name).length} ${name}`,
  );
  const most = Math.max(...partitions.map(({ lag }) => lag.records ?? 0));
  const last = partitions.find(({ lag }) => lag.records === most);
  const highest =
    most === 0
      ? ""
      : `; highest lag: ${several(most, "record")} in ${last?.topic}/${last?.partition}`;
  const reasons = Object.entries(deadLetters.byReason).map(([code, found]) => `${found} ${code}`);
  const delay = span(process.eventLoopDelay_ms / 1_000);
  return [
    `${several(partitions.length, "partition")} of this process: ${states.join(", ")}${highest}.`,
    reasons.length === 0
      ? ""
      : `Since the process started: ${reasons.join(", ")}. The latest 200 are listed.`,
    `The consumer has joined its group; ${several(kafka.rebalances, "assignment")} so far. Memory ${size(process.resident_bytes)}; event loop delay ${delay} (p99).`,
  ];
}

/** The lines of each box of the flow diagram; rates are relative to `before`. */
export function flow(
  { status, deadLetters: recent }: Snapshot,
  before: Status | null,
): Readonly<Record<string, string[]>> {
  const { partitions, syncs, records, segment, deadLetters, now } = status;
  const { responses, rateLimiter } = segment;
  const all = (of: (sync: SyncStatus) => number) => total(syncs.map(of));
  const perSecond = (of: (status: Status) => number) => rate(status, before, of);
  const ofSyncs = (of: (sync: SyncStatus) => number) =>
    perSecond(({ syncs }) => total(syncs.map(of)));
  const lags = partitions.flatMap(({ lag }) => lag.records ?? []);
  const seconds = partitions.flatMap(({ lag }) => lag.seconds ?? []);
  const unchanged = all(({ skipped }) => skipped.unchanged);
  const calls = unchanged + all(({ messages }) => messages);
  const rows = records.json?.row ?? 0;
  const others = total(Object.values(records).map((one) => one.tombstone + one["non-row"]));
  const unreadable = total(Object.values(records).map((one) => one.unreadable));
  const stored = partitions.flatMap(({ lastCheckpoint }) => lastCheckpoint ?? []).toSorted();
  const newest = stored.at(-1);
  const throttled =
    rateLimiter.throttled_s === 0
      ? "not throttled"
      : `throttled for ${largest(span(rateLimiter.throttled_s))}`;
  const [lastDeadLetter] = recent;
  const since = (time: string) => largest(span(Math.floor(secondsBetween(time, now))));
  return {
    kafka: [
      "Kafka",
      `${perSecond(recordsProcessed)} records/s`,
      ...(lags.length === 0
        ? ["lag not known yet"]
        : total(lags) === 0
          ? ["no lag", "at the log end"]
          : [`lag ${count(total(lags))} records`, `${span(Math.max(...seconds))} behind`]),
    ],
    decode: [
      "Decode",
      `${recordsProcessed(status)} records`,
      rows === 0 ? "no rows yet" : `${rows} rows, json`,
      `${others} others`,
      `${unreadable} unreadable`,
    ],
    classify: [
      "Classify",
      `${ofSyncs(({ added, changed, removed }) => added + changed + removed)} changes/s`,
      `added ${ofSyncs(({ added }) => added)}/s`,
      `changed ${ofSyncs(({ changed }) => changed)}/s`,
      `removed ${ofSyncs(({ removed }) => removed)}/s`,
    ],
    map: [
      "Map",
      `${ofSyncs(({ messages }) => messages)} messages/s`,
      `${unchanged} skipped calls`,
      `saves ${calls === 0 ? "–" : `${tenths((100 * unchanged) / calls)} %`} of calls`,
    ],
    segment: [
      "Segment",
      `${ofSyncs(({ messages_delivered }) => messages_delivered)} messages/s`,
      `${all(({ messages_delivered }) => messages_delivered)} sent, ${size(segment.bytes)}`,
      `${several(responses.retry + responses.throttled, "retry", "retries")}, ${responses.rejected} rejected`,
      rateLimiter.throttledUntil === null
        ? throttled
        : `throttled to ${timeOfDay(rateLimiter.throttledUntil, now)}`,
    ],
    deadLetters: [
      "Dead letters",
      count(deadLetters.total),
      lastDeadLetter ? `last ${since(lastDeadLetter.time)} ago` : "none",
    ],
    store: [
      "Store",
      `${known(partitions, ({ store }) => store?.entries, count)} rows`,
      known(partitions, (one) => one.store && storeBytes(one), size),
      "RocksDB",
    ],
    checkpoint: [
      "Checkpoint",
      newest === undefined ? "–" : `${since(newest)} ago`,
      `${known(partitions, ({ usage }) => usage?.uncommitted_rows.used, count)} to store`,
    ],
  };
}

function storeBytes({ store }: PartitionStatus): number {
  return (store?.disk_bytes ?? 0) + (store?.memory_bytes ?? 0);
}

function recordsProcessed({ records }: Status): number {
  return total(Object.values(records).flatMap((counts) => Object.values(counts)));
}

function known(
  partitions: readonly PartitionStatus[],
  of: (partition: PartitionStatus) => number | null | undefined,
  written: (sum: number) => string,
): string {
  const found = partitions.flatMap((partition) => of(partition) ?? []);
  return found.length === 0 ? "–" : written(total(found));
}

function rate(now: Status, before: Status | null, of: (status: Status) => number): string {
  if (before === null) return "–";
  const perSecond = (of(now) - of(before)) / secondsBetween(before.now, now.now);
  if (perSecond > 0 && perSecond < 0.1) return "< 0.1";
  return perSecond < 10 ? tenths(perSecond) : count(Math.round(perSecond));
}

function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, one) => sum + one, 0);
}

function count(number: number | null): string {
  return number === null ? "–" : number.toLocaleString("en");
}

function several(number: number, one: string, many = `${one}s`): string {
  return `${count(number)} ${number === 1 ? one : many}`;
}

function tenths(number: number): string {
  return number.toFixed(1).replace(/\.0$/, "");
}

function size(bytes: number): string {
  if (bytes >= 1e9) return `${tenths(bytes / 1e9)} GB`;
  if (bytes >= 1e6) return `${tenths(bytes / 1e6)} MB`;
  return bytes >= 1e3 ? `${tenths(bytes / 1e3)} kB` : `${bytes} B`;
}

/** `950 ms`, `2.5 s`, `1 min 5 s`, `2 h`. */
function span(seconds: number): string {
  if (seconds > 0 && seconds < 1) return `${Math.ceil(seconds * 1_000)} ms`;
  if (seconds < 10) return `${tenths(seconds)} s`;
  const whole = Math.round(seconds);
  const [days, hours] = [Math.floor(whole / 86_400), Math.floor(whole / 3_600) % 24];
  const [minutes, rest] = [Math.floor(whole / 60) % 60, whole % 60];
  const parts = [`${days} d`, `${hours} h`, `${minutes} min`, `${rest} s`];
  const first = parts.findIndex((part) => !part.startsWith("0 "));
  const [large = "", small = "0 "] = parts.slice(first, first + 2);
  return small.startsWith("0 ") ? large : `${large} ${small}`;
}

function largest(span: string): string {
  return span.split(" ").slice(0, 2).join(" ");
}

function ago(time: string, now: string): string {
  const seconds = secondsBetween(time, now);
  return seconds < 1 ? "just now" : `${span(Math.floor(seconds))} ago`;
}

function secondsBetween(time: string, now: string): number {
  return Math.max(0, new Date(now).getTime() - new Date(time).getTime()) / 1_000;
}

/** `2026-11-30T10:42:03.123Z` is `10:42:03` on that day, `2026-11-30 10:42:03` on others. */
function timeOfDay(time: string, now: string): string {
  const [, day, clock] = /^(.{10})T(.{8})/.exec(time) ?? [];
  return now.startsWith(day ?? "?") ? `${clock}` : `${day} ${clock}`;
}
