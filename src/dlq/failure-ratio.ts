export type FailureRatioOptions = {
  /** This part of the last `window` records, or more, is too much. */
  readonly ratio: number;
  readonly window: number;
};

/**
 * The ratio of rejected records, or messages, among the last ones. If every second record is rejected, consecutive
 * rejections stay few, but half of the topic would go to the dead letter queue.
 */
export class FailureRatio {
  readonly #most: number;
  /** Whether each of the last was rejected, as a ring buffer. */
  readonly #last: Uint8Array;
  #next = 0;
  #rejected = 0;

  static of(settings: { readonly maxRatio: number; readonly ratioWindow: number }): FailureRatio {
    return new FailureRatio({ ratio: settings.maxRatio, window: settings.ratioWindow });
  }

  constructor({ ratio, window }: FailureRatioOptions) {
    this.#most = ratio * window;
    this.#last = new Uint8Array(window);
  }

  /** Rejected ones among the last `window`. */
  get rejected(): number {
    return this.#rejected;
  }

  /** Counts `count` more, all rejected or none. @returns whether too many are rejected now */
  add(isRejected: boolean, count = 1): boolean {
    const value = isRejected ? 1 : 0;
    for (let i = Math.min(count, this.#last.length); i > 0; i -= 1) {
      this.#rejected += value - (this.#last[this.#next] as number);
      this.#last[this.#next] = value;
      this.#next = (this.#next + 1) % this.#last.length;
    }
    return isRejected && this.#rejected >= this.#most;
  }
}
