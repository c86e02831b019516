import { partitionName } from "../data/record.ts";
import type { Clock } from "../lib/clock.ts";

/** Older answers are asked for again. */
const FRESH_MS = 2_000;

/** Who asks for metrics waits no longer than this: brokers may be away. */
const WAIT_MS = 2_000;

/** Where the logs end, as the brokers last said: asked when somebody looks, and not more often than he needs. */
export class LogEnds {
  readonly #ask: (topic: string) => Promise<ReadonlyMap<number, number>>;
  readonly #clock: Clock;
  readonly #ends = new Map<string, number>();
  readonly #asked = new Map<string, number>();
  readonly #asking = new Map<string, Promise<void>>();

  constructor(ask: (topic: string) => Promise<ReadonlyMap<number, number>>, clock: Clock) {
    this.#ask = ask;
    this.#clock = clock;
  }

  /** By `topic/partition`; what the brokers do not say in time is what they said last. */
  async of(topics: Iterable<string>): Promise<ReadonlyMap<string, number>> {
    const responses = Promise.all([...new Set(topics)].map((topic) => this.#refresh(topic)));
    const late = new AbortController();
    await Promise.race([responses, this.#clock.sleep(WAIT_MS, late.signal)]);
    late.abort();
    return this.#ends;
  }

  #refresh(topic: string): Promise<void> {
    const age = this.#clock.now() - (this.#asked.get(topic) ?? Number.NEGATIVE_INFINITY);
    if (age < FRESH_MS) return Promise.resolve();
    const asking = this.#asking.get(topic) ?? this.#fetch(topic);
    this.#asking.set(topic, asking);
    return asking;
  }

  async #fetch(topic: string): Promise<void> {
    try {
      for (const [partition, end] of await this.#ask(topic))
        this.#ends.set(partitionName({ topic, partition }), end);
      this.#asked.set(topic, this.#clock.now());
    } catch {
      // The consumer says why; here the last answer stands.
    } finally {
      this.#asking.delete(topic);
    }
  }
}
