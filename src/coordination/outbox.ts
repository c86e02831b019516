import type { Control } from "./control.ts";
import type { ControlMessage } from "./control-message.ts";

/** Letters of one task on their way into the control log, in their order. */
export class Outbox {
  readonly #control: Control;
  readonly #onSent: () => void;
  readonly #onFailure: (error: unknown) => void;
  readonly #closed = Promise.withResolvers<never>();
  #sent: Promise<void> = Promise.resolve();
  #under = 0;

  constructor(control: Control, onSent: () => void, onFailure: (error: unknown) => void) {
    this.#control = control;
    this.#onSent = onSent;
    this.#onFailure = onFailure;
    this.#closed.promise.catch(() => {});
  }

  /** Nothing is under way. */
  get isIdle(): boolean {
    return this.#under === 0;
  }

  push(messages: readonly ControlMessage[]): void {
    if (messages.length === 0) return;
    this.#under += 1;
    this.#sent = this.#sent.then(async () => {
      await this.#control.send(messages);
      this.#under -= 1;
      this.#onSent();
    });
    this.#sent.catch(this.#onFailure);
  }

  /** Resolves when everything pushed so far is durable; rejects where it never will be, or once it is closed. */
  sent(): Promise<void> {
    const sent = Promise.race([this.#sent, this.#closed.promise]);
    // A checkpoint that ended before it came to this leaves nobody to hear of it.
    sent.catch(() => {});
    return sent;
  }

  /** Nobody waits any more. */
  close(): void {
    this.#closed.reject(new Error("the task was closed"));
  }
}
