import type { ControlBatch } from "./control.ts";
import type { ControlMessage } from "./control-message.ts";

/** Control messages that a task has received and not handled, in the order of the control log. */
export class Inbox {
  readonly #topic: string;
  readonly #signal: () => void;
  #batches: ControlBatch[] = [];

  /** @param topic of the task; messages of other topics only advance the offset */
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

  /** The next messages, and the offset to store once they are handled. */
  take(): ControlBatch | undefined {
    return this.#batches.shift();
  }

  /** All handover messages, before their turn: they depend on no other message, and a record waits for them. */
  takeHandovers(): readonly ControlMessage[] {
    const isHandover = ({ kind }: ControlMessage) => kind === "handover" || kind === "taken";
    const handovers = this.#batches.flatMap(({ messages }) => messages.filter(isHandover));
    this.#batches = this.#batches.map(({ messages, next }) => ({
      messages: messages.filter((message) => !isHandover(message)),
      next,
    }));
    return handovers;
  }
}
