import type { Clock } from "../../src/lib/clock.ts";
import type { Environment } from "./environment.ts";

/** Kills and pauses a process. All its calls and waits pass through here. */
export class Execution {
  readonly #environment: Environment;
  readonly clock: Clock;
  #isKilled = false;
  #pauses = 0;
  #resumed: Promise<void> = Promise.resolve();
  #killIn: { calls: number; readonly what: string | null; readonly then: () => void } | null = null;

  constructor(environment: Environment) {
    this.#environment = environment;
    this.clock = this.#clock();
  }

  get isKilled(): boolean {
    return this.#isKilled;
  }

  /** Ends it at once: none of its pending work happens. */
  kill(): void {
    this.#isKilled = true;
  }

  /** Calls `then` at the nth call of this kind, or of any kind. */
  killIn(calls: number, what: string | null, then: () => void): void {
    this.#killIn = { calls, what, then };
  }

  /** Cancels `killIn`. */
  cancelKill(): void {
    this.#killIn = null;
  }

  /** Stops all work for a time, like SIGSTOP and SIGCONT. */
  pause(ms: number): void {
    this.#pauses += 1;
    this.#resumed = Promise.all([this.#resumed, this.#environment.clock.sleep(ms)]).then(() => {
      this.#pauses -= 1;
    });
  }

  get isPaused(): boolean {
    return this.#pauses > 0;
  }

  /** A call to the environment. The process can be killed before and after its effect. */
  readonly call = async <T>(what: string, effect: () => T): Promise<Awaited<T>> => {
    await this.#pass(what);
    const result = await effect();
    await this.#pass(what);
    return result;
  };

  async #pass(what: string): Promise<void> {
    const { injector, clock } = this.#environment;
    const ms = injector.delay_ms();
    if (ms > 0) await clock.sleep(ms);
    await this.#resumed;
    const due = this.#killIn;
    if (!this.#isKilled && due && (due.what === null || due.what === what)) {
      due.calls -= 1;
      if (due.calls <= 0) {
        this.#environment.trace(`  killed at a call: ${what}`);
        due.then();
      }
    }
    if (this.#isKilled) await never();
  }

  #clock(): Clock {
    const { clock } = this.#environment;
    return {
      now: () => clock.now(),
      sleep: async (ms, signal) => {
        await clock.sleep(ms, signal);
        await this.#resumed;
        if (this.#isKilled) await never();
      },
    };
  }
}

export function never<T>(): Promise<T> {
  return new Promise(() => {});
}
