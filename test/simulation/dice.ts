import { hash } from "node:crypto";
import { generator } from "../support/changes.ts";

/** Chance that a seed repeats. Every stream of a seed is its own: one that draws more does not shift the others. */
export class Dice {
  readonly #next: () => number;

  constructor(seed: number, stream: string) {
    // Neighbouring seeds give a linear generator neighbouring first numbers: they are spread before.
    this.#next = generator(Number.parseInt(hash("sha256", `${seed}/${stream}`).slice(0, 8), 16));
  }

  /** In [0, 1). */
  part(): number {
    return this.#next();
  }

  chance(probability: number): boolean {
    return this.#next() < probability;
  }

  /** A whole number from `least` to `most`. */
  between(least: number, most: number): number {
    return least + Math.floor(this.#next() * (most - least + 1));
  }

  pick<T>(list: readonly T[]): T {
    if (list.length === 0) throw new Error("there is nothing to pick from");
    return list[Math.floor(this.#next() * list.length)] as T;
  }

  /** One of the names, each as likely as its weight says. */
  weighted<T extends string>(weights: { readonly [name in T]: number }): T {
    const entries = Object.entries(weights) as [T, number][];
    let left = this.#next() * entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [name, weight] of entries) {
      left -= weight;
      if (left < 0) return name;
    }
    return (entries.at(-1) as [T, number])[0];
  }
}
