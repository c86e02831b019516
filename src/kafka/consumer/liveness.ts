import type { Clock } from "../../lib/clock.ts";

// Both watch in several checks instead of one timeout: after a pause of the whole process (a stopped machine, a blocked
// event loop), one check is late, and the events that have arrived meanwhile are seen before the next.
const HEARTBEAT_CHECKS = 5;
const STALL_CHECKS = 4;

/** The group has removed this member; a new consumer can join. */
export class MembershipLost extends Error {
  readonly retriable = true;

  constructor() {
    super("it fetches without being a member of its group");
    this.name = "MembershipLost";
  }
}

/**
 * Detects a consumer that fetches without heartbeats. If kafkajs 2.2.4 was removed from its group and loses a connection
 * while it rejoins, it continues to fetch without being a member. It sends no heartbeat, so none fails, while other
 * members get its partitions.
 */
export class HeartbeatMonitor {
  readonly #sessionTimeout_ms: number;
  readonly #clock: Clock;
  #heartbeats = 0;
  #fetches = 0;

  /** @param sessionTimeout_ms after which the group removes a member without heartbeats */
  constructor(sessionTimeout_ms: number, clock: Clock) {
    this.#sessionTimeout_ms = sessionTimeout_ms;
    this.#clock = clock;
  }

  /** A heartbeat succeeded, or the consumer has joined. */
  heartbeat(): void {
    this.#heartbeats += 1;
  }

  fetched(): void {
    this.#fetches += 1;
  }

  /**
   * Resolves after a session timeout with fetches and without a heartbeat, or when `stop` is aborted. A join may take
   * longer, but has no fetches.
   */
  async lost(stop: AbortSignal): Promise<void> {
    for (let missed = 0; missed < HEARTBEAT_CHECKS && !stop.aborted; ) {
      await this.#clock.sleep(this.#sessionTimeout_ms / HEARTBEAT_CHECKS, stop);
      if (this.#heartbeats > 0) missed = 0;
      else if (this.#fetches > 0) missed += 1;
      this.#heartbeats = 0;
      this.#fetches = 0;
    }
  }
}

/** The consumer neither fetched nor sent a heartbeat; a new one can join. */
export class ConsumerStalled extends Error {
  readonly retriable = true;

  constructor(stallTimeout_ms: number) {
    super(`it neither fetched nor sent a heartbeat for ${stallTimeout_ms} ms`);
    this.name = "ConsumerStalled";
  }
}

/** Detects a consumer that has stopped without a crash. */
export class StallDetector {
  readonly #clock: Clock;
  readonly #stallTimeout_ms: number;
  readonly #isFetching: () => boolean;
  #isActive = false;

  /** @param isFetching whether there is a partition to fetch */
  constructor(clock: Clock, stallTimeout_ms: number, isFetching: () => boolean) {
    this.#clock = clock;
    this.#stallTimeout_ms = stallTimeout_ms;
    this.#isFetching = isFetching;
  }

  /** The consumer has done something. */
  activity(): void {
    this.#isActive = true;
  }

  /** Resolves with `true` after a stall timeout without activity, with `false` when the signal is aborted. */
  async stalled(signal: AbortSignal): Promise<boolean> {
    for (let missed = 0; missed < STALL_CHECKS; ) {
      await this.#clock.sleep(this.#stallTimeout_ms / STALL_CHECKS, signal);
      if (signal.aborted) return false;
      missed = this.#isActive || !this.#isFetching() ? 0 : missed + 1;
      this.#isActive = false;
    }
    return true;
  }
}
