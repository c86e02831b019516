import type { Usage } from "../../src/metrics/usage.ts";
import type {
  PartitionStatus,
  RecentDeadLetter,
  RecentMessage,
  Status,
  SyncStatus,
} from "../../src/status/status.ts";
import type { Moment } from "./moment.ts";

/** What the page has to say of an response, written down a second time: nothing here is the page's own code. */

export function partitionRow(of: PartitionStatus, now: string): string[] {
  const { topic, partition, taskState, restore, nextOffset, end, lag, lastCheckpoint, usage } = of;
  const bar =
    taskState === "restoring" && restore
      ? ` ${count(restore.done)} of ${count(restore.total)}`
      : "";
  const age = lag.seconds === null ? "" : ` ${span(lag.seconds)}`;
  return [
    `${topic}/${partition}`,
    taskState + bar,
    `${count(nextOffset)} of ${count(end)}`,
    lag.records === 0 ? "none" : count(lag.records) + age,
    lastCheckpoint === null ? "–" : ago(lastCheckpoint, now),
    usage === null ? "–" : held(usage),
    of.store === null ? "–" : `${count(of.store.entries)} rows ${size(taken(of))}`,
  ];
}

function held(usage: NonNullable<PartitionStatus["usage"]>): string {
  const { queue_records, uncommitted_rows, delivery_queue_messages } = usage;
  const waits = `${queue_records.now} to read, ${uncommitted_rows.now} to store, ${delivery_queue_messages.now} to deliver`;
  return `${waits} ${tenths(100 * fullest(usage))} % of the nearest limit`;
}

/** The part of its limit that the fullest has taken. */
export function fullest(usage: NonNullable<PartitionStatus["usage"]>): number {
  const part = ({ now, limit }: Usage) => (limit === 0 ? 0 : now / limit);
  return Math.max(...Object.values(usage).map(part));
}

export function syncRow(sync: SyncStatus): string[] {
  const { name, type, model, messages, messages_delivered, calls_not_made } = sync;
  const left = messages - messages_delivered;
  const calls = messages + calls_not_made;
  return [
    name,
    `${type} of ${model}`,
    ...[sync.added, sync.changed, sync.removed, sync.initial_skipped].map(count),
    `${calls_not_made}${calls === 0 ? "" : ` saves ${tenths((100 * calls_not_made) / calls)} %`}`,
    `${messages_delivered}${left > 0 ? ` and ${left} on their way` : ""}`,
  ];
}

export function messageRow(message: RecentMessage, now: string): string[] {
  const { sync, type, event, messageId, userId, anonymousId, why, from, sentAt } = message;
  const { response, delay_s } = message;
  return [
    time(sentAt, now),
    sync,
    `${type}${event === undefined ? "" : ` “${event}”`} ${messageId}`,
    userId ?? anonymousId ?? "–",
    [why.kind, why.columns?.join(", "), "explain"].filter(Boolean).join(" "),
    `${from.topic}/${from.partition} @ ${from.offset} key ${from.key}`,
    delay_s === null ? response : `${response} ${span(delay_s)} after commit`,
  ];
}

export function letterRow(letter: RecentDeadLetter, now: string): string[] {
  const { at, code, reason, by, topic, partition, offset } = letter;
  const place = `${topic}/${partition} @ ${offset}`;
  return [time(at, now), `${code} ${reason}`, by === null ? "anybody" : by, place];
}

/** What stands below the headings of the partitions, of the dead letters, and of the process. */
export function sums({ partitions, deadLetters, kafka, process }: Status): string[] {
  const phases = [...new Set(partitions.map(({ taskState }) => taskState))].map(
    (name) => `${partitions.filter(({ taskState }) => taskState === name).length} ${name}`,
  );
  const most = Math.max(...partitions.map(({ lag }) => lag.records ?? 0));
  const last = partitions.find(({ lag }) => lag.records === most);
  const furthest =
    most === 0
      ? ""
      : `; furthest behind: ${last?.topic}/${last?.partition}, by ${several(most, "record")}`;
  const reasons = Object.entries(deadLetters.byReason).map(([code, found]) => `${found} ${code}`);
  const late = span(process.eventLoopDelay_ms / 1_000);
  return [
    `${several(partitions.length, "partition")} here: ${phases.join(", ")}${furthest}.`,
    reasons.length === 0
      ? ""
      : `Since the process started: ${reasons.join(", ")}. The latest 200 are shown.`,
    `The consumer has joined, ${several(kafka.rebalances, "assignment")} so far. Memory ${size(process.resident_bytes)}; the event loop is late by ${late} (p99).`,
  ];
}

/** The boxes of the flow, line by line; `before` is the moment that rates are counted from. */
export function flow(
  { status, letters }: Moment,
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
  const notMade = all(({ calls_not_made }) => calls_not_made);
  const calls = notMade + all(({ messages }) => messages);
  const rows = records.json?.row ?? 0;
  const others = total(Object.values(records).map((one) => one.tombstone + one["non-row"]));
  const unreadable = total(Object.values(records).map((one) => one.unreadable));
  const stored = partitions.flatMap(({ lastCheckpoint }) => lastCheckpoint ?? []).toSorted();
  const newest = stored.at(-1);
  const shut =
    rateLimiter.closed_s === 0 ? "" : `, was shut ${largest(span(rateLimiter.closed_s))}`;
  const [letter] = letters;
  const since = (at: string) => largest(span(Math.floor(secondsBetween(at, now))));
  return {
    kafka: [
      "Kafka",
      `${perSecond(recordsTaken)} records/s`,
      ...(lags.length === 0
        ? ["lag not known yet"]
        : total(lags) === 0
          ? ["no lag", "at the end of the log"]
          : [`lag ${count(total(lags))} records`, `${span(Math.max(...seconds))} behind`]),
    ],
    decode: [
      "Decode",
      `${recordsTaken(status)} records`,
      rows === 0 ? "no row yet" : `${rows} rows, json`,
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
      `${notMade} calls not made`,
      `saves ${calls === 0 ? "–" : `${tenths((100 * notMade) / calls)} %`} of calls`,
    ],
    segment: [
      "Segment",
      `${ofSyncs(({ messages_delivered }) => messages_delivered)} messages/s`,
      `${all(({ messages_delivered }) => messages_delivered)} taken, ${size(segment.bytes)}`,
      `${several(responses.retry + responses["slow down"], "retry", "retries")}, ${responses.rejected} refused`,
      rateLimiter.throttledUntil === null
        ? `gate open${shut}`
        : `gate closed to ${time(rateLimiter.throttledUntil, now)}`,
    ],
    letters: [
      "Dead letters",
      count(deadLetters.total),
      letter ? `last ${since(letter.at)} ago` : "none",
    ],
    store: [
      "Store",
      `${known(partitions, ({ store }) => store?.entries, count)} rows`,
      known(partitions, (one) => one.store && taken(one), size),
      "RocksDB",
    ],
    checkpoint: [
      "Checkpoint",
      newest === undefined ? "–" : `${since(newest)} ago`,
      `${known(partitions, ({ usage }) => usage?.uncommitted_rows.now, count)} to store`,
    ],
  };
}

function taken({ store }: PartitionStatus): number {
  return (store?.disk_bytes ?? 0) + (store?.memory_bytes ?? 0);
}

function recordsTaken({ records }: Status): number {
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

function ago(at: string, now: string): string {
  const seconds = secondsBetween(at, now);
  return seconds < 1 ? "just now" : `${span(Math.floor(seconds))} ago`;
}

function secondsBetween(at: string, now: string): number {
  return Math.max(0, new Date(now).getTime() - new Date(at).getTime()) / 1_000;
}

/** `2026-11-30T10:42:03.123Z` is `10:42:03` on that day, `2026-11-30 10:42:03` on others. */
function time(at: string, now: string): string {
  const [, day, clock] = /^(.{10})T(.{8})/.exec(at) ?? [];
  return now.startsWith(day ?? "?") ? `${clock}` : `${day} ${clock}`;
}
