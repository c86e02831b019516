import type { Clock } from "../../src/lib/clock.ts";

type Sleeper = { readonly due: number; readonly resolve: () => void };

/** Time that only advances when a test calls `advance`. It starts on 14 November 2023. */
export class VirtualClock implements Clock {
  #now = 1_700_000_000_000;
  #sleepers: Sleeper[] = [];

  now(): number {
    return this.#now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const sleeper = { due: this.#now + ms, resolve };
      this.#sleepers.push(sleeper);
      const aborted = () => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        resolve();
      };
      signal?.addEventListener("abort", aborted, { once: true });
    });
  }

  /** Number of pending sleeps. */
  get sleeping(): number {
    return this.#sleepers.length;
  }

  /** Advances time, ends each sleep at its time, and lets the resulting work settle. */
  async advance(ms: number): Promise<void> {
    await flush();
    const end = this.#now + ms;
    for (let next = this.#next(end); next; next = this.#next(end)) {
      this.#sleepers = this.#sleepers.filter((sleeper) => sleeper !== next);
      this.#now = Math.max(this.#now, next.due);
      next.resolve();
      await flush();
    }
    this.#now = end;
    await flush();
  }

  #next(end: number): Sleeper | undefined {
    return this.#sleepers.filter(({ due }) => due <= end).toSorted((a, b) => a.due - b.due)[0];
  }
}

/** Runs all work that does not wait for time. */
export async function flush(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
}
