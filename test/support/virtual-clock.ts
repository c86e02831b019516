import type { Clock } from "../../src/lib/clock.ts";

type Sleeper = { readonly at: number; readonly signal: () => void };

/** Time that stands still until a test moves it. Begins on 14 November 2023. */
export class VirtualClock implements Clock {
  #now = 1_700_000_000_000;
  #sleepers: Sleeper[] = [];

  now(): number {
    return this.#now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const sleeper = { at: this.#now + ms, signal: resolve };
      this.#sleepers.push(sleeper);
      const aborted = () => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        resolve();
      };
      signal?.addEventListener("abort", aborted, { once: true });
    });
  }

  /** How many sleep now: nothing that waits for time is left running where it is 0. */
  get sleeping(): number {
    return this.#sleepers.length;
  }

  /** Moves time, waking every sleeper at its own moment, and lets what they do settle. */
  async advance(ms: number): Promise<void> {
    await flush();
    const end = this.#now + ms;
    for (let next = this.#next(end); next; next = this.#next(end)) {
      this.#sleepers = this.#sleepers.filter((sleeper) => sleeper !== next);
      this.#now = Math.max(this.#now, next.at);
      next.signal();
      await flush();
    }
    this.#now = end;
    await flush();
  }

  #next(end: number): Sleeper | undefined {
    return this.#sleepers.filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at)[0];
  }
}

/** Lets everything that can happen without time passing happen. */
export async function flush(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
}
