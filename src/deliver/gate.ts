import type { Clock } from "../clock.ts";

/** Holds back all lanes of a process at once: a rate limit is the source's, not a partition's. */
export class Gate {
  readonly #clock: Clock;
  #opensAt = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Closes the gate for `ms` from now, or leaves it as it is where it is closed for longer. */
  closeFor(ms: number): void {
    this.#opensAt = Math.max(this.#opensAt, this.#clock.now() + ms);
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
