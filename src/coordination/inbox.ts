import type { ControlBatch } from "./control.ts";
import type { ControlMessage } from "./control-message.ts";

/** Letters of the pipeline's tasks that this one has not read yet, in the order of the control log. */
export class Inbox {
  readonly #topic: string;
  readonly #signal: () => void;
  #batches: ControlBatch[] = [];

  /** @param topic whose letters concern the task; of the others only the place is kept */
  constructor(topic: string, signal: () => void) {
    this.#topic = topic;
    this.#signal = signal;
  }

  get isEmpty(): boolean {
    return this.#batches.length === 0;
  }

  push({ messages, next }: ControlBatch): void {
    this.#batches.push({
      messages: messages.filter(({ topic }) => topic === this.#topic),
      next,
    });
    this.#signal();
  }

  /** The next letters, and the offset that all before are read at once they are done. */
  take(): { readonly messages: readonly ControlMessage[]; readonly next: number } | undefined {
    return this.#batches.shift();
  }

  /** Letters of rows that change their key, before their turn: they depend on no other, and somebody waits for them. */
  takeHandovers(): readonly ControlMessage[] {
    const isOne = ({ kind }: ControlMessage) => kind === "handover" || kind === "taken";
    const ahead = this.#batches.flatMap(({ messages }) => messages.filter(isOne));
    this.#batches = this.#batches.map(({ messages, next }) => ({
      messages: messages.filter((message) => !isOne(message)),
      next,
    }));
    return ahead;
  }
}
