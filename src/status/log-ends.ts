import { partitionName } from "../data/record.ts";
import type { Clock } from "../lib/clock.ts";
import { withTimeout } from "../lib/timeout.ts";

/** Older log ends are requested again. */
const FRESH_MS = 2_000;

/** A request for metrics waits no longer than this for the brokers. */
const TIMEOUT_MS = 2_000;

/** The log ends that the brokers last reported, requested when needed and at most every `FRESH_MS`. */
export class LogEnds {
  readonly #request: (topic: string) => Promise<ReadonlyMap<number, number>>;
  readonly #clock: Clock;
  readonly #ends = new Map<string, number>();
  readonly #requested = new Map<string, number>();
  readonly #running = new Map<string, Promise<void>>();

  constructor(request: (topic: string) => Promise<ReadonlyMap<number, number>>, clock: Clock) {
    this.#request = request;
    this.#clock = clock;
  }

  /** By `topic/partition`. Where the brokers do not respond in time, the last known log end. */
  async of(topics: Iterable<string>): Promise<ReadonlyMap<string, number>> {
    const responses = Promise.all([...new Set(topics)].map((topic) => this.#refresh(topic)));
    await withTimeout(TIMEOUT_MS, this.#clock, responses);
    return this.#ends;
  }

  #refresh(topic: string): Promise<void> {
    const age = this.#clock.now() - (this.#requested.get(topic) ?? Number.NEGATIVE_INFINITY);
    if (age < FRESH_MS) return Promise.resolve();
    const running = this.#running.get(topic) ?? this.#fetch(topic);
    this.#running.set(topic, running);
    return running;
  }

  async #fetch(topic: string): Promise<void> {
    try {
      for (const [partition, end] of await this.#request(topic))
        this.#ends.set(partitionName({ topic, partition }), end);
      this.#requested.set(topic, this.#clock.now());
    } catch {
      // The consumer logs and reports why the brokers do not respond.
    } finally {
      this.#running.delete(topic);
    }
  }
}
