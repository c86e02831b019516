import type { Control } from "./control.ts";
import type { ControlMessage } from "./control-message.ts";

/** Control messages that one task sends, in order. */
export class Outbox {
  readonly #control: Control;
  readonly #onSent: () => void;
  readonly #onFailure: (error: unknown) => void;
  readonly #closed = Promise.withResolvers<never>();
  #sent: Promise<void> = Promise.resolve();
  #sending = 0;

  constructor(control: Control, onSent: () => void, onFailure: (error: unknown) => void) {
    this.#control = control;
    this.#onSent = onSent;
    this.#onFailure = onFailure;
    this.#closed.promise.catch(() => {});
  }

  /** No message is being sent. */
  get isIdle(): boolean {
    return this.#sending === 0;
  }

  push(messages: readonly ControlMessage[]): void {
    if (messages.length === 0) return;
    this.#sending += 1;
    this.#sent = this.#sent.then(async () => {
      await this.#control.send(messages);
      this.#sending -= 1;
      this.#onSent();
    });
    this.#sent.catch(this.#onFailure);
  }

  /** Resolves when all messages pushed so far are durable; rejects if sending fails or the outbox is closed. */
  sent(): Promise<void> {
    const sent = Promise.race([this.#sent, this.#closed.promise]);
    // A checkpoint that fails earlier does not wait for this: its rejection is handled here.
    sent.catch(() => {});
    return sent;
  }

  /** Rejects all waits. */
  close(): void {
    this.#closed.reject(new Error("the task was closed"));
  }
}
