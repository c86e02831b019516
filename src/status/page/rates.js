/** @import { Status } from "../status.ts" */

/** Long enough for a steady value, short enough for a current one. */
const WINDOW_MS = 10_000;

/**
 * @typedef {"records" | "added" | "changed" | "removed" | "unchanged" | "messages" | "delivered"} Counted
 * @typedef {{ readonly [name in Counted]: number }} Totals
 */

/**
 * The counts of all syncs together.
 * @param {Status} status
 * @returns {Totals}
 */
export function totals({ syncs, records }) {
  /** @param {(sync: Status["syncs"][number]) => number} of */
  const sum = (of) => syncs.reduce((total, sync) => total + of(sync), 0);
  return {
    records: Object.values(records)
      .flatMap((counts) => Object.values(counts))
      .reduce((total, count) => total + count, 0),
    added: sum(({ added }) => added),
    changed: sum(({ changed }) => changed),
    removed: sum(({ removed }) => removed),
    unchanged: sum(({ skipped }) => skipped.unchanged),
    messages: sum(({ messages }) => messages),
    delivered: sum(({ messages_delivered }) => messages_delivered),
  };
}

/** Counts per second over the last statuses; `null` until there are two of the same process. */
export class Rates {
  /** @type {{ readonly since: string, readonly time_ms: number, readonly totals: Totals }[]} */
  #samples = [];

  /** @param {Status} status the latest */
  add(status) {
    const time_ms = Date.parse(status.now);
    this.#samples = this.#samples.filter(({ since }) => since === status.since);
    this.#samples.push({ since: status.since, time_ms, totals: totals(status) });
    while (this.#samples.length > 2 && time_ms - (this.#samples[1]?.time_ms ?? 0) >= WINDOW_MS)
      this.#samples.shift();
  }

  /** @param {Counted} name @returns {number | null} */
  of(name) {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (!first || !last || last.time_ms <= first.time_ms) return null;
    return (1_000 * (last.totals[name] - first.totals[name])) / (last.time_ms - first.time_ms);
  }
}
