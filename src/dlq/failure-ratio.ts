export type FailureRatioOptions = {
  /** Of the last `window`, this part or more is too much. */
  readonly ratio: number;
  readonly window: number;
};

/**
 * How many of the last records, or messages, ended as dead letters. A bad deploy that refuses every second one never
 * comes to many in a row, and would still drain half of the topic.
 */
export class FailureRatio {
  readonly #most: number;
  /** Whether each of the last was refused, in a ring: what was not seen yet counts as good. */
  readonly #last: Uint8Array;
  #next = 0;
  #rejected = 0;

  /** As the settings say it. */
  static of(settings: { readonly maxRatio: number; readonly ratioWindow: number }): FailureRatio {
    return new FailureRatio({ ratio: settings.maxRatio, window: settings.ratioWindow });
  }

  constructor({ ratio, window }: FailureRatioOptions) {
    this.#most = ratio * window;
    this.#last = new Uint8Array(window);
  }

  /** Refused ones among the last `window`. */
  get rejected(): number {
    return this.#rejected;
  }

  /** Counts `count` more, all refused or none. @returns whether too many of the last are refused now */
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
