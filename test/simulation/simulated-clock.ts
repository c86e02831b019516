import type { Clock } from "../../src/lib/clock.ts";

type Sleeper = { readonly at: number; signal: (() => void) | null };

/** Time for a whole simulation: it jumps from one sleeper to the next, and lets each do all it can do without time. */
export class SimulatedClock implements Clock {
  #now = 1_700_000_000_000;
  readonly #sleepers: Sleeper[] = [];

  now(): number {
    return this.#now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const sleeper: Sleeper = { at: this.#now + ms, signal: null };
      const end = () => {
        sleeper.signal = null;
        signal?.removeEventListener("abort", end);
        resolve();
      };
      sleeper.signal = end;
      signal?.addEventListener("abort", end, { once: true });
      this.#sleepers.splice(this.#changeId(sleeper.at), 0, sleeper);
    });
  }

  /** Runs until the work is done. Rejects with its error, or where `limit_ms` pass before. */
  async run<T>(work: Promise<T>, limit_ms: number): Promise<T> {
    const end = this.#now + limit_ms;
    let over = false;
    const watched = work.finally(() => {
      over = true;
    });
    watched.catch(() => {});
    for (await settle(); !over; await settle()) {
      const next = this.#sleepers.shift();
      if (!next) throw new Error("everybody waits, and nobody for time");
      if (next.at > end) throw new Error(`it is not done after ${limit_ms / 1000} s`);
      this.#now = Math.max(this.#now, next.at);
      next.signal?.();
    }
    return watched;
  }

  /** Behind all that wake no later. */
  #changeId(at: number): number {
    let [low, high] = [0, this.#sleepers.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#sleepers[middle] as Sleeper).at <= at) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Nothing in a simulation waits for anything but time and others: one turn lets all of that happen. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
