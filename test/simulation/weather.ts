import type { Dice } from "./dice.ts";
import type { SimulatedClock } from "./simulated-clock.ts";

export const SERVICES = ["segment", "changelog", "control", "dead letters"] as const;
export type Service = (typeof SERVICES)[number];

/** How the outside behaves: how long it takes, and which services fail how often. */
export class Weather {
  readonly clock: SimulatedClock;
  readonly dice: Dice;
  readonly #storms = new Map<Service, number>();
  /** Nothing takes time. */
  isStill: boolean;

  constructor(clock: SimulatedClock, dice: Dice, isStill: boolean) {
    this.clock = clock;
    this.dice = dice;
    this.isStill = isStill;
  }

  /** From now on the service fails with this probability. */
  storm(service: Service, probability: number): void {
    this.#storms.set(service, probability);
  }

  clear(): void {
    this.#storms.clear();
  }

  fails(service: Service): boolean {
    const probability = this.#storms.get(service) ?? 0;
    return probability > 0 && this.dice.chance(probability);
  }

  /** How long something takes, in ms: mostly nothing, sometimes long. */
  delay_ms(): number {
    if (this.isStill || this.dice.chance(0.6)) return 0;
    return this.dice.chance(0.8) ? this.dice.between(1, 30) : this.dice.between(30, 600);
  }
}
