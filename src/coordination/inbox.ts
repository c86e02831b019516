import type { Delivery } from "./control.ts";
import type { Letter } from "./control-message.ts";

/** Letters of the pipeline's tasks that this one has not read yet, in the order of the control log. */
export class Inbox {
  readonly #topic: string;
  readonly #wake: () => void;
  #deliveries: Delivery[] = [];

  /** @param topic whose letters concern the task; of the others only the place is kept */
  constructor(topic: string, wake: () => void) {
    this.#topic = topic;
    this.#wake = wake;
  }

  get isEmpty(): boolean {
    return this.#deliveries.length === 0;
  }

  push({ letters, next }: Delivery): void {
    this.#deliveries.push({ letters: letters.filter(({ topic }) => topic === this.#topic), next });
    this.#wake();
  }

  /** The next letters, and the offset that all before are read at once they are done. */
  take(): { readonly letters: readonly Letter[]; readonly next: number } | undefined {
    return this.#deliveries.shift();
  }

  /** Letters of rows that change their key, before their turn: they depend on no other, and somebody waits for them. */
  takeHandOvers(): readonly Letter[] {
    const isOne = ({ kind }: Letter) => kind === "hand-over" || kind === "taken";
    const ahead = this.#deliveries.flatMap(({ letters }) => letters.filter(isOne));
    this.#deliveries = this.#deliveries.map(({ letters, next }) => ({
      letters: letters.filter((letter) => !isOne(letter)),
      next,
    }));
    return ahead;
  }
}
