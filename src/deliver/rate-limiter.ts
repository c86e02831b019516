import type { Clock } from "../lib/clock.ts";

/** Holds back all lanes of a process at once: a rate limit is the source's, not a partition's. */
export class Gate {
  readonly #clock: Clock;
  #opensAt = 0;
  /** Of the closures so far, what is still to come of the last one included. */
  #closed_ms = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Closes the gate for `ms` from now, or leaves it as it is where it is closed for longer. */
  closeFor(ms: number): void {
    const now = this.#clock.now();
    const from = Math.max(this.#opensAt, now);
    this.#opensAt = Math.max(this.#opensAt, now + ms);
    this.#closed_ms += Math.max(0, this.#opensAt - from);
  }

  get standing(): RateLimiterStatus {
    const wait_ms = Math.max(0, this.#wait());
    return { wait_ms, closed_ms: this.#closed_ms - wait_ms };
  }

  /** Resolves when the gate is open, or the signal is aborted. */
  async open(signal: AbortSignal): Promise<void> {
    for (let wait = this.#wait(); wait > 0 && !signal.aborted; wait = this.#wait()) {
      await this.#clock.sleep(wait, signal);
    }
  }

  #wait(): number {
    return this.#opensAt - this.#clock.now();
  }
}

/** The gate before Segment, closed while it asks to slow down. */
export type RateLimiterStatus = {
  /** ms until it opens; 0 where it is open. */
  readonly wait_ms: number;
  /** All the time that it was closed. */
  readonly closed_ms: number;
};
