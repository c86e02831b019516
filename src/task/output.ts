import type { ControlMessage } from "../coordination/control-message.ts";
import type { OutgoingMessage } from "../deliver/outgoing.ts";
import type { DeadLetter } from "../dlq/dead-letters.ts";

/** What comes out of records, each in its order: messages, what was set aside, and what other tasks have to know. */
export type Output = {
  readonly messages: OutgoingMessage[];
  readonly rejected: DeadLetter[];
  readonly controlMessages: ControlMessage[];
};

export function emptyOutput(): Output {
  return { messages: [], rejected: [], controlMessages: [] };
}
