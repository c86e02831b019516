import type { Letter } from "../coordination/control-message.ts";
import type { LaneMessage } from "../deliver/outgoing.ts";
import type { DeadLetter } from "../dlq/dead-letters.ts";

/** What comes out of records, each in its order: messages, what was set aside, and what other tasks have to know. */
export type Results = {
  readonly messages: LaneMessage[];
  readonly refused: DeadLetter[];
  readonly letters: Letter[];
};

export function noResults(): Results {
  return { messages: [], refused: [], letters: [] };
}
