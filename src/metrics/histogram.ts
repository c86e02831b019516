/** Counts values per bucket. `observe` costs a few comparisons; sums are computed when the histogram is read. */
export class Histogram {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;

  /** @param bounds upper bounds, increasing; a value belongs to the first bound that it does not exceed */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Array(bounds.length + 1).fill(0);
  }

  observe(value: number): void {
    const bounds = this.#bounds;
    let bucket = 0;
    while (bucket < bounds.length && value > (bounds[bucket] as number)) bucket += 1;
    this.#counts[bucket] = (this.#counts[bucket] as number) + 1;
    this.#sum += value;
  }

  get sum(): number {
    return this.#sum;
  }

  get count(): number {
    return this.#counts.reduce((total, count) => total + count, 0);
  }

  /** Cumulative: for each bound, and last for +Inf, the number of values that do not exceed it. */
  get buckets(): readonly { readonly le: number; readonly count: number }[] {
    let count = 0;
    return this.#counts.map((inBucket, i) => {
      count += inBucket;
      return { le: this.#bounds[i] ?? Number.POSITIVE_INFINITY, count };
    });
  }
}
