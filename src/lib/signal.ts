import type { Clock } from "./clock.ts";

/** Lets a loop wait until it is notified or a time has passed. A notification before the wait ends it at once. */
export class Signal {
  readonly #clock: Clock;
  #notified = false;
  #waiting: AbortController | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  notify(): void {
    this.#notified = true;
    this.#waiting?.abort();
  }

  async wait(ms: number): Promise<void> {
    if (!this.#notified) {
      this.#waiting = new AbortController();
      await this.#clock.sleep(ms, this.#waiting.signal);
      this.#waiting = null;
    }
    this.#notified = false;
  }
}
