import type { ControlMessage } from "../coordination/control-message.ts";
import type { OutgoingMessage } from "../deliver/outgoing.ts";
import type { DeadLetter } from "../dlq/dead-letters.ts";

/** What processing produces, each list in order: messages, dead letters, and messages to other tasks. */
export type Output = {
  readonly messages: readonly OutgoingMessage[];
  readonly rejected: readonly DeadLetter[];
  readonly controlMessages: readonly ControlMessage[];
};

const NONE: readonly never[] = [];

/** Shared, because most records produce nothing. */
export const NO_OUTPUT: Output = { messages: NONE, rejected: NONE, controlMessages: NONE };

/** Joins outputs in order. */
export class OutputBuilder implements Output {
  readonly messages: OutgoingMessage[] = [];
  readonly rejected: DeadLetter[] = [];
  readonly controlMessages: ControlMessage[] = [];

  add({ messages, rejected, controlMessages }: Output): void {
    for (const message of messages) this.messages.push(message);
    for (const deadLetter of rejected) this.rejected.push(deadLetter);
    for (const message of controlMessages) this.controlMessages.push(message);
  }
}
