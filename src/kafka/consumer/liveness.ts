import type { Clock } from "../../lib/clock.ts";

/** Looked at so often before it is called lost: a process that stood still hears what came meanwhile before it judges. */
const LOOKS = 5;

/** Ended a consumer's life; it passes with a new one. */
export class MembershipLost extends Error {
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
export class HeartbeatMonitor {
  readonly #session_ms: number;
  readonly #clock: Clock;
  #heartbeatCount = 0;
  #fetches = 0;

  /** @param session_ms after which the group forgets a member that it does not hear */
  constructor(session_ms: number, clock: Clock) {
    this.#session_ms = session_ms;
    this.#clock = clock;
  }

  /** A heartbeat was answered, or the group joined. */
  heartbeat(): void {
    this.#heartbeatCount += 1;
  }

  fetched(): void {
    this.#fetches += 1;
  }

  /** Resolves when a session long there were fetches and no heartbeat, or `stop` is aborted. Joining takes longer, and fetches nothing. */
  async lost(stop: AbortSignal): Promise<void> {
    for (let stalled = 0; stalled < LOOKS && !stop.aborted; ) {
      await this.#clock.sleep(this.#session_ms / LOOKS, stop);
      if (this.#heartbeatCount > 0) stalled = 0;
      else if (this.#fetches > 0) stalled += 1;
      this.#heartbeatCount = 0;
      this.#fetches = 0;
    }
  }
}

/** Looks within one silence. */
const STALL_CHECKS = 4;

/** Ended a consumer's life: it neither fetched nor sent a heartbeat, and told nobody why. */
export class ConsumerStalled extends Error {
  /** It passes with a new consumer. */
  readonly retriable = true;

  constructor(stallTimeout_ms: number) {
    super(`it neither fetched nor sent a heartbeat for ${stallTimeout_ms} ms`);
    this.name = "SilentConsumer";
  }
}

/**
 * Watches one consumer: kafkajs' are known to stop without a crash. Counts looks rather than time, so that a process
 * that stood still itself (a stopped machine, a blocked loop) does not blame its consumer.
 */
export class StallDetector {
  readonly #clock: Clock;
  readonly #stallTimeout_ms: number;
  readonly #isFetching: () => boolean;
  #isSeen = false;

  /** @param isFetching whether there is anything that it should fetch */
  constructor(clock: Clock, stallTimeout_ms: number, isFetching: () => boolean) {
    this.#clock = clock;
    this.#stallTimeout_ms = stallTimeout_ms;
    this.#isFetching = isFetching;
  }

  /** The consumer has done something. */
  seen(): void {
    this.#isSeen = true;
  }

  /** Resolves with whether it was silent for too long; with `false` when the signal is aborted before. */
  async stalled(signal: AbortSignal): Promise<boolean> {
    for (let stalled = 0; stalled < STALL_CHECKS; stalled += 1) {
      await this.#clock.sleep(this.#stallTimeout_ms / STALL_CHECKS, signal);
      if (signal.aborted) return false;
      if (this.#isSeen || !this.#isFetching()) stalled = -1;
      this.#isSeen = false;
    }
    return true;
  }
}
