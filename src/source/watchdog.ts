import type { Clock } from "../clock.ts";

/** Looks within one silence. */
const LOOKS = 4;

/** Ended a consumer's life: it neither fetched nor sent a heartbeat, and told nobody why. */
export class SilentConsumer extends Error {
  /** It passes with a new consumer. */
  readonly retriable = true;

  constructor(silence_ms: number) {
    super(`it neither fetched nor sent a heartbeat for ${silence_ms} ms`);
    this.name = "SilentConsumer";
  }
}

/**
 * Watches one consumer: kafkajs' are known to stop without a crash. Counts looks rather than time, so that a process
 * that stood still itself (a stopped machine, a blocked loop) does not blame its consumer.
 */
export class Watchdog {
  readonly #clock: Clock;
  readonly #silence_ms: number;
  readonly #isFetching: () => boolean;
  #isSeen = false;

  /** @param isFetching whether there is anything that it should fetch */
  constructor(clock: Clock, silence_ms: number, isFetching: () => boolean) {
    this.#clock = clock;
    this.#silence_ms = silence_ms;
    this.#isFetching = isFetching;
  }

  /** The consumer has done something. */
  seen(): void {
    this.#isSeen = true;
  }

  /** Resolves with whether it was silent for too long; with `false` when the signal is aborted before. */
  async silence(signal: AbortSignal): Promise<boolean> {
    for (let silent = 0; silent < LOOKS; silent += 1) {
      await this.#clock.sleep(this.#silence_ms / LOOKS, signal);
      if (signal.aborted) return false;
      if (this.#isSeen || !this.#isFetching()) silent = -1;
      this.#isSeen = false;
    }
    return true;
  }
}
