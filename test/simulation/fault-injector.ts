import type { RandomSource } from "./random-source.ts";
import type { SimulatedClock } from "./simulated-clock.ts";

export const SERVICES = ["segment", "changelog", "control", "dead letters"] as const;
export type Service = (typeof SERVICES)[number];

/** Delays and failures of the simulated services. */
export class FaultInjector {
  readonly clock: SimulatedClock;
  readonly random: RandomSource;
  readonly #failureRates = new Map<Service, number>();
  /** No call takes time. */
  isInstant: boolean;

  constructor(clock: SimulatedClock, random: RandomSource, isInstant: boolean) {
    this.clock = clock;
    this.random = random;
    this.isInstant = isInstant;
  }

  /** The service fails with this probability from now on. */
  setFailureRate(service: Service, probability: number): void {
    this.#failureRates.set(service, probability);
  }

  clear(): void {
    this.#failureRates.clear();
  }

  fails(service: Service): boolean {
    const probability = this.#failureRates.get(service) ?? 0;
    return probability > 0 && this.random.chance(probability);
  }

  /** Duration of a call in ms: mostly 0, sometimes long. */
  delay_ms(): number {
    if (this.isInstant || this.random.chance(0.6)) return 0;
    return this.random.chance(0.8) ? this.random.between(1, 30) : this.random.between(30, 600);
  }
}
