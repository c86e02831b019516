import { hash } from "node:crypto";
import { generator } from "../support/changes.ts";

/** Random numbers of a seed. The streams of a seed are independent: more draws in one do not change the others. */
export class RandomSource {
  readonly #next: () => number;

  constructor(seed: number, stream: string) {
    // A linear generator has similar first numbers for neighbouring seeds: hashing spreads them.
    this.#next = generator(Number.parseInt(hash("sha256", `${seed}/${stream}`).slice(0, 8), 16));
  }

  /** In [0, 1). */
  fraction(): number {
    return this.#next();
  }

  chance(probability: number): boolean {
    return this.#next() < probability;
  }

  /** An integer from `least` to `most`. */
  between(least: number, most: number): number {
    return least + Math.floor(this.#next() * (most - least + 1));
  }

  pick<T>(list: readonly T[]): T {
    if (list.length === 0) throw new Error("the list is empty");
    return list[Math.floor(this.#next() * list.length)] as T;
  }

  /** One of the names, with probabilities in proportion to the weights. */
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
