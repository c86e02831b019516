import { age, briefly, bytes, counted, duration, moment, percent, rate, short } from "./format.js";
import { sums } from "./rates.js";

/** @import { DeadLettersStatus, PartitionStatus, Status } from "../status.ts" */
/** @import { Numbers } from "./flow.js" */
/** @import { Rates } from "./rates.js" */

/** Longer numbers have no room in the narrow boxes of a phone. */
const NARROW = 1e4;

/**
 * What stands in the boxes of the picture.
 * @param {Status} status
 * @param {DeadLettersStatus["deadLetters"]} letters
 * @param {Rates} rates
 * @returns {Numbers}
 */
export function numbersOf(status, letters, rates) {
  const { partitions, segment, deadLetters, now } = status;
  const { responses, rateLimiter } = segment;
  const counts = sums(status);
  const [letter] = letters;
  const last =
    letter === undefined ? "none" : `last ${briefly(Math.floor(age(letter.at, now)))} ago`;
  const stored =
    partitions
      .map((one) => one.lastCheckpoint ?? "")
      .toSorted()
      .at(-1) || null;
  const calls = counts.calls_not_made + counts.messages;
  return {
    kafka: { value: rate(rates.of("records")), unit: "records/s", lines: lagLines(partitions) },
    decode: { value: short(counts.records), unit: "records", lines: formatLines(status) },
    classify: {
      value: rate(changes(rates)),
      unit: "changes/s",
      lines: /** @type {const} */ (["added", "changed", "removed"]).map(
        (kind) => `${kind} ${rate(rates.of(kind))}/s`,
      ),
    },
    map: {
      value: rate(rates.of("messages")),
      unit: "messages/s",
      lines: [
        `${short(counts.calls_not_made)} calls not made`,
        `saves ${percent(counts.calls_not_made, calls)} of calls`,
      ],
    },
    segment: {
      value: rate(rates.of("delivered")),
      unit: "messages/s",
      lines: [
        `${short(counts.delivered)} taken, ${bytes(segment.bytes)}`,
        `${counted(responses.retry + responses["slow down"], "retry", "retries")}, ${responses.rejected} refused`,
        rateLimiter.throttledUntil === null
          ? `gate open${closed(rateLimiter.closed_s)}`
          : `gate closed to ${moment(rateLimiter.throttledUntil, now)}`,
      ],
    },
    letters: { value: short(deadLetters.total, NARROW), unit: "", lines: [last] },
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
      ...{
        value: stored === null ? "–" : briefly(Math.floor(age(stored, now))),
        unit: stored === null ? "" : "ago",
      },
      lines: [`${short(sum(partitions, ({ usage }) => usage?.uncommitted_rows.now))} to store`],
    },
  };
}

/** Rows that were added, changed or removed. @param {Rates} rates */
function changes(rates) {
  const [added, changed, removed] = [rates.of("added"), rates.of("changed"), rates.of("removed")];
  return added === null || changed === null || removed === null ? null : added + changed + removed;
}

/** @param {readonly PartitionStatus[]} partitions */
function lagLines(partitions) {
  const known = partitions.filter(({ lag }) => lag.records !== null);
  if (known.length === 0) return ["lag not known yet"];
  const records = sum(known, ({ lag }) => lag.records) ?? 0;
  if (records === 0) return ["no lag", "at the end of the log"];
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
    main && main.row > 0 ? `${short(main.row)} rows, ${main.format}` : "no row yet",
    `${short(of("others"))} others`,
    `${short(of("unreadable"))} unreadable`,
  ];
}

/** @param {number} seconds */
function closed(seconds) {
  return seconds === 0 ? "" : `, was shut ${briefly(seconds)}`;
}

/**
 * Of those where it is known; `null` where it is for none.
 * @param {readonly PartitionStatus[]} partitions
 * @param {(partition: PartitionStatus) => number | null | undefined} of
 */
function sum(partitions, of) {
  const known = partitions.flatMap((partition) => of(partition) ?? []);
  return known.length === 0 ? null : known.reduce((total, count) => total + count, 0);
}
