import type { Clock } from "../lib/clock.ts";

/** Delays the requests of all delivery queues of a process: Segment's rate limit applies to the source, not to a partition. */
export class RateLimiter {
  readonly #clock: Clock;
  #throttledUntil = 0;
  /** Total throttled time so far, with what remains of the current one. */
  #throttled_ms = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Delays requests for `ms` from now, unless they are delayed for longer already. */
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

  /** Resolves when a request may be sent, or the signal is aborted. */
  async ready(signal: AbortSignal): Promise<void> {
    for (let wait = this.#wait(); wait > 0 && !signal.aborted; wait = this.#wait()) {
      await this.#clock.sleep(wait, signal);
    }
  }

  #wait(): number {
    return this.#throttledUntil - this.#clock.now();
  }
}

export type RateLimiterStatus = {
  /** Milliseconds until requests are sent again; 0 if they are not throttled. */
  readonly wait_ms: number;
  /** Total throttled time. */
  readonly throttled_ms: number;
};
