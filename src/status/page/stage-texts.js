import {
  age,
  briefly,
  bytes,
  counted,
  duration,
  percent,
  rate,
  short,
  timeOfDay,
} from "./format.js";
import { totals } from "./rates.js";

/** @import { DeadLettersStatus, PartitionStatus, Status } from "../status.ts" */
/** @import { StageTexts } from "./flow.js" */
/** @import { Rates } from "./rates.js" */

/** The narrow boxes of a phone have no space for larger numbers. */
const NARROW = 1e4;

/**
 * The texts in the boxes of the diagram.
 * @param {Status} status
 * @param {DeadLettersStatus["deadLetters"]} deadLetters newest first
 * @param {Rates} rates
 * @returns {StageTexts}
 */
export function stageTexts(status, [lastDeadLetter], rates) {
  const { partitions, segment, now } = status;
  const { responses, rateLimiter } = segment;
  const total = totals(status);
  const checkpointed =
    partitions
      .map((one) => one.lastCheckpoint ?? "")
      .toSorted()
      .at(-1) || null;
  return {
    kafka: { value: rate(rates.of("records")), unit: "records/s", lines: lagLines(partitions) },
    decode: { value: short(total.records), unit: "records", lines: formatLines(status) },
    classify: {
      value: rate(changeRate(rates)),
      unit: "changes/s",
      lines: /** @type {const} */ (["added", "changed", "removed"]).map(
        (kind) => `${kind} ${rate(rates.of(kind))}/s`,
      ),
    },
    map: {
      value: rate(rates.of("messages")),
      unit: "messages/s",
      lines: [
        `${short(total.unchanged)} skipped calls`,
        `saves ${percent(total.unchanged, total.unchanged + total.messages)} of calls`,
      ],
    },
    segment: {
      value: rate(rates.of("delivered")),
      unit: "messages/s",
      lines: [
        `${short(total.delivered)} sent, ${bytes(segment.bytes)}`,
        `${counted(responses.retry + responses.throttled, "retry", "retries")}, ${responses.rejected} rejected`,
        throttling(rateLimiter, now),
      ],
    },
    deadLetters: {
      value: short(status.deadLetters.total, NARROW),
      unit: "",
      lines: [
        lastDeadLetter === undefined ? "none" : `last ${since(lastDeadLetter.time, now)} ago`,
      ],
    },
    store: {
      value: short(
        sum(partitions, ({ store }) => store?.entries),
        NARROW,
      ),
      unit: "rows",
      lines: [
        bytes(sum(partitions, ({ store }) => store && store.disk_bytes + store.memory_bytes)),
        "RocksDB",
      ],
    },
    checkpoint: {
      value: checkpointed === null ? "–" : since(checkpointed, now),
      unit: checkpointed === null ? "" : "ago",
      lines: [`${short(sum(partitions, ({ usage }) => usage?.uncommitted_rows.used))} to store`],
    },
  };
}

/** Rows added, changed or removed per second. @param {Rates} rates */
function changeRate(rates) {
  const [added, changed, removed] = [rates.of("added"), rates.of("changed"), rates.of("removed")];
  return added === null || changed === null || removed === null ? null : added + changed + removed;
}

/** @param {readonly PartitionStatus[]} partitions */
function lagLines(partitions) {
  const known = partitions.filter(({ lag }) => lag.records !== null);
  if (known.length === 0) return ["lag not known yet"];
  const records = sum(known, ({ lag }) => lag.records) ?? 0;
  if (records === 0) return ["no lag", "at the log end"];
  const seconds = known.flatMap(({ lag }) => lag.seconds ?? []);
  return [
    `lag ${short(records)} records`,
    seconds.length === 0 ? "" : `${duration(Math.max(...seconds))} behind`,
  ];
}

/** @param {Status} status */
function formatLines({ records }) {
  const all = Object.entries(records).map(([format, { row, unreadable, ...more }]) => ({
    ...{ format, row, unreadable },
    others: more.tombstone + more["non-row"],
  }));
  const [main] = all.toSorted((a, b) => b.row - a.row);
  /** @param {"unreadable" | "others"} name */
  const of = (name) => all.reduce((total, one) => total + one[name], 0);
  return [
    main && main.row > 0 ? `${short(main.row)} rows, ${main.format}` : "no rows yet",
    `${short(of("others"))} others`,
    `${short(of("unreadable"))} unreadable`,
  ];
}

/** @param {Status["segment"]["rateLimiter"]} rateLimiter @param {string} now */
function throttling({ throttledUntil, throttled_s }, now) {
  if (throttledUntil !== null) return `throttled to ${timeOfDay(throttledUntil, now)}`;
  return throttled_s === 0 ? "not throttled" : `throttled for ${briefly(throttled_s)}`;
}

/** @param {string} time @param {string} now */
function since(time, now) {
  return briefly(Math.floor(age(time, now)));
}

/**
 * The sum of the known values; `null` if none is known.
 * @param {readonly PartitionStatus[]} partitions
 * @param {(partition: PartitionStatus) => number | null | undefined} of
 */
function sum(partitions, of) {
  const known = partitions.flatMap((partition) => of(partition) ?? []);
  return known.length === 0 ? null : known.reduce((total, count) => total + count, 0);
}
