import type { Clock } from "../lib/clock.ts";

/** Holds back all lanes of a process at once: a rate limit is the source's, not a partition's. */
export class RateLimiter {
  readonly #clock: Clock;
  #throttledUntil = 0;
  /** Of the closures so far, what is still to come of the last one included. */
  #throttled_ms = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Closes the gate for `ms` from now, or leaves it as it is where it is closed for longer. */
  throttle(ms: number): void {
    const now = this.#clock.now();
    const from = Math.max(this.#throttledUntil, now);
    this.#throttledUntil = Math.max(this.#throttledUntil, now + ms);
    this.#throttled_ms += Math.max(0, this.#throttledUntil - from);
  }

  get status(): RateLimiterStatus {
    const wait_ms = Math.max(0, this.#wait());
    return { wait_ms, throttled_ms: this.#throttled_ms - wait_ms };
  }

  /** Resolves when the gate is open, or the signal is aborted. */
  async ready(signal: AbortSignal): Promise<void> {
    for (let wait = this.#wait(); wait > 0 && !signal.aborted; wait = this.#wait()) {
      await this.#clock.sleep(wait, signal);
    }
  }

  #wait(): number {
    return this.#throttledUntil - this.#clock.now();
  }
}

/** The gate before Segment, closed while it asks to slow down. */
export type RateLimiterStatus = {
  /** ms until it opens; 0 where it is open. */
  readonly wait_ms: number;
  /** All the time that it was closed. */
  readonly throttled_ms: number;
};
