import type { Clock } from "./clock.ts";

/** Lets a loop sleep until there is work, or until a time has passed. A ring while nobody waits is not forgotten. */
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
