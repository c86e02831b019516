import type { Clock } from "../../src/lib/clock.ts";

type Sleeper = { readonly due: number; notify: (() => void) | null };

/** Simulated time: jumps from one sleeper to the next and waits until each has done all work that needs no time. */
export class SimulatedClock implements Clock {
  #now = 1_700_000_000_000;
  readonly #sleepers: Sleeper[] = [];

  now(): number {
    return this.#now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const sleeper: Sleeper = { due: this.#now + ms, notify: null };
      const end = () => {
        sleeper.notify = null;
        signal?.removeEventListener("abort", end);
        resolve();
      };
      sleeper.notify = end;
      signal?.addEventListener("abort", end, { once: true });
      this.#sleepers.splice(this.#indexAfter(sleeper.due), 0, sleeper);
    });
  }

  /** Runs until the work is done. Rejects with its error, or after `limit_ms`. */
  async run<T>(work: Promise<T>, limit_ms: number): Promise<T> {
    const end = this.#now + limit_ms;
    let over = false;
    const watched = work.finally(() => {
      over = true;
    });
    watched.catch(() => {});
    for (await settle(); !over; await settle()) {
      const next = this.#sleepers.shift();
      if (!next) throw new Error("everything waits, and nothing waits for time");
      if (next.due > end) throw new Error(`not done after ${limit_ms / 1000} s`);
      this.#now = Math.max(this.#now, next.due);
      next.notify?.();
    }
    return watched;
  }

  /** The index after all sleepers that are due at the same time or earlier. */
  #indexAfter(due: number): number {
    let [low, high] = [0, this.#sleepers.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#sleepers[middle] as Sleeper).due <= due) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** One turn of the event loop runs all work that does not wait for simulated time. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
