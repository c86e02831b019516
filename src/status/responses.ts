import type {
  ExplainedSync,
  Explanation,
  LastMessage,
  SegmentResponse,
} from "../explain/explanation.ts";
import type { RememberedDeadLetter } from "./recent-dead-letters.ts";
import type { RecentMessage } from "./status.ts";

/** The latest that this process remembers. */
export type Remembered = {
  readonly messages: readonly RecentMessage[];
  readonly deadLetters: readonly RememberedDeadLetter[];
};

/**
 * The explanation with the answers that this process remembers; of the others it stays open which of two they were.
 * @param showValues whether reasons are told with the values that they may quote
 */
export function withResponses(
  explanation: Explanation,
  remembered: Remembered,
  showValues: boolean,
): Explanation {
  const shown = ({ reason, details }: RememberedDeadLetter) =>
    showValues && details !== null ? `${reason} (${details})` : reason;
  const responded = (sync: ExplainedSync): ExplainedSync =>
    sync.last === null
      ? sync
      : {
          ...sync,
          last: { ...sync.last, response: responseOf(sync.sync, sync.last, remembered, shown) },
        };
  const rows = explanation.rows.map((row) => ({ ...row, syncs: row.syncs.map(responded) }));
  return { ...explanation, rows };
}

function responseOf(
  sync: string,
  { messageId, from, response }: LastMessage,
  { messages, deadLetters }: Remembered,
  shown: (deadLetter: RememberedDeadLetter) => string,
): SegmentResponse {
  if (response.status === "set aside") {
    const deadLetter = deadLetters.find(
      ({ by, topic, partition, offset }) =>
        by === sync &&
        topic === from.topic &&
        partition === from.partition &&
        offset === from.offset,
    );
    return deadLetter
      ? {
          ...response,
          time: deadLetter.at,
          detail: `${deadLetter.code}: ${shown(deadLetter)}`,
        }
      : response;
  }
  const taken = messages.find((message) => message.messageId === messageId);
  if (taken) return { status: "accepted", time: taken.sentAt, detail: taken.response };
  const deadLetter = deadLetters.find((one) => one.messageId === messageId);
  return deadLetter
    ? { status: "refused", time: deadLetter.at, detail: shown(deadLetter) }
    : response;
}
