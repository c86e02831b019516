import type { Clock } from "../../lib/clock.ts";

/** Looked at so often before it is called lost: a process that stood still hears what came meanwhile before it judges. */
const LOOKS = 5;

/** Ended a consumer's life; it passes with a new one. */
export class LostMember extends Error {
  readonly retriable = true;

  constructor() {
    super("it reads without being a member of its group");
    this.name = "LostMember";
  }
}

/**
 * The heartbeats of a member of a group. kafkajs 2.2.4, whose member was forgotten and who loses a connection while it
 * joins again, goes on to fetch without being a member: it sends no heartbeat, so none fails, while its partitions are
 * given to others.
 */
export class Pulse {
  readonly #session_ms: number;
  readonly #clock: Clock;
  #beats = 0;
  #fetches = 0;

  /** @param session_ms after which the group forgets a member that it does not hear */
  constructor(session_ms: number, clock: Clock) {
    this.#session_ms = session_ms;
    this.#clock = clock;
  }

  /** A heartbeat was answered, or the group joined. */
  beat(): void {
    this.#beats += 1;
  }

  fetched(): void {
    this.#fetches += 1;
  }

  /** Resolves when a session long there were fetches and no heartbeat, or `stop` is aborted. Joining takes longer, and fetches nothing. */
  async lost(stop: AbortSignal): Promise<void> {
    for (let silent = 0; silent < LOOKS && !stop.aborted; ) {
      await this.#clock.sleep(this.#session_ms / LOOKS, stop);
      if (this.#beats > 0) silent = 0;
      else if (this.#fetches > 0) silent += 1;
      this.#beats = 0;
      this.#fetches = 0;
    }
  }
}

/** Looks within one silence. */
const STALL_CHECKS = 4;

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
    for (let silent = 0; silent < STALL_CHECKS; silent += 1) {
      await this.#clock.sleep(this.#silence_ms / STALL_CHECKS, signal);
      if (signal.aborted) return false;
      if (this.#isSeen || !this.#isFetching()) silent = -1;
      this.#isSeen = false;
    }
    return true;
  }
}
