import type { Clock } from "../../src/lib/clock.ts";
import type { Outside } from "./outside.ts";

/** How long a process lives, and when it stands still: all that it does, and all that it waits for, goes through here. */
export class Lifetime {
  readonly #outside: Outside;
  readonly clock: Clock;
  #isDead = false;
  #freezes = 0;
  #frozen: Promise<void> = Promise.resolve();
  #dieIn: { calls: number; readonly what: string | null; readonly then: () => void } | null = null;

  constructor(outside: Outside) {
    this.#outside = outside;
    this.clock = this.#clock();
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  /** At once: nothing it still wanted to do happens. */
  die(): void {
    this.#isDead = true;
  }

  /** It dies with the nth call to this part of the outside, or to any. */
  dieIn(calls: number, what: string | null, then: () => void): void {
    this.#dieIn = { calls, what, then };
  }

  /** What it was to die of does not come. */
  disarm(): void {
    this.#dieIn = null;
  }

  /** Does nothing for a while, and goes on as if nothing had been. */
  freeze(ms: number): void {
    this.#freezes += 1;
    this.#frozen = Promise.all([this.#frozen, this.#outside.clock.sleep(ms)]).then(() => {
      this.#freezes -= 1;
    });
  }

  get isFrozen(): boolean {
    return this.#freezes > 0;
  }

  /** Something that is done to the outside. Its two ends are where the process can be lost. */
  readonly call = async <T>(what: string, effect: () => T): Promise<Awaited<T>> => {
    await this.#pass(what);
    const result = await effect();
    await this.#pass(what);
    return result;
  };

  async #pass(what: string): Promise<void> {
    const { weather, clock } = this.#outside;
    const ms = weather.delay_ms();
    if (ms > 0) await clock.sleep(ms);
    await this.#frozen;
    const due = this.#dieIn;
    if (!this.#isDead && due && (due.what === null || due.what === what)) {
      due.calls -= 1;
      if (due.calls <= 0) {
        this.#outside.trace(`  at a call: ${what}`);
        due.then();
      }
    }
    if (this.#isDead) await never();
  }

  #clock(): Clock {
    const { clock } = this.#outside;
    return {
      now: () => clock.now(),
      sleep: async (ms, signal) => {
        await clock.sleep(ms, signal);
        await this.#frozen;
        if (this.#isDead) await never();
      },
    };
  }
}

export function never<T>(): Promise<T> {
  return new Promise(() => {});
}
