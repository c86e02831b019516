/** @import { Status } from "../status.ts" */

/** Long enough to be calm, short enough to be now. */
const OVER_MS = 10_000;

/**
 * @typedef {"records" | "added" | "changed" | "removed" | "calls_not_made" | "messages" | "delivered"} Rated
 * @typedef {{ readonly [name in Rated]: number }} Sums
 */

/**
 * What was counted so far, of all syncs together.
 * @param {Status} status
 * @returns {Sums}
 */
export function sums({ syncs, records }) {
  /** @param {"added" | "changed" | "removed" | "calls_not_made" | "messages" | "messages_delivered"} name */
  const of = (name) => syncs.reduce((sum, sync) => sum + sync[name], 0);
  return {
    records: Object.values(records)
      .flatMap((counts) => Object.values(counts))
      .reduce((sum, count) => sum + count, 0),
    added: of("added"),
    changed: of("changed"),
    removed: of("removed"),
    calls_not_made: of("calls_not_made"),
    messages: of("messages"),
    delivered: of("messages_delivered"),
  };
}

/** How much a second, over the last statuses; `null` until there are two of one process. */
export class Rates {
  /** @type {{ readonly since: string, readonly at: number, readonly sums: Sums }[]} */
  #seen = [];

  /** @param {Status} status the latest */
  add(status) {
    const latest = { since: status.since, at: Date.parse(status.now), sums: sums(status) };
    this.#seen = this.#seen.filter(({ since }) => since === latest.since);
    this.#seen.push(latest);
    while (this.#seen.length > 2 && latest.at - (this.#seen[1]?.at ?? 0) >= OVER_MS)
      this.#seen.shift();
  }

  /** @param {Rated} name @returns {number | null} */
  of(name) {
    const [first, last] = [this.#seen[0], this.#seen.at(-1)];
    if (!first || !last || last.at <= first.at) return null;
    return (1_000 * (last.sums[name] - first.sums[name])) / (last.at - first.at);
  }
}
