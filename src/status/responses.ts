import type {
  ExplainedLastMessage,
  ExplainedResponse,
  ExplainedSync,
  Explanation,
} from "../explain/explanation.ts";
import type { DetailedDeadLetter } from "./recent-dead-letters.ts";
import type { RecentMessage } from "./status.ts";

/** The latest messages and dead letters of this process. */
export type Retained = {
  readonly messages: readonly RecentMessage[];
  readonly deadLetters: readonly DetailedDeadLetter[];
};

/**
 * Adds the responses that this process has retained to an explanation. Without one, it is unknown whether a message was
 * accepted or rejected.
 * @param showValues whether reasons include the row values that they may quote
 */
export function withResponses(
  explanation: Explanation,
  retained: Retained,
  showValues: boolean,
): Explanation {
  const shown = ({ reason, details }: DetailedDeadLetter) =>
    showValues && details !== null ? `${reason} (${details})` : reason;
  const responded = (sync: ExplainedSync): ExplainedSync =>
    sync.last === null
      ? sync
      : {
          ...sync,
          last: { ...sync.last, response: responseOf(sync.sync, sync.last, retained, shown) },
        };
  const rows = explanation.rows.map((row) => ({ ...row, syncs: row.syncs.map(responded) }));
  return { ...explanation, rows };
}

function responseOf(
  sync: string,
  { messageId, from, response }: ExplainedLastMessage,
  { messages, deadLetters }: Retained,
  shown: (deadLetter: DetailedDeadLetter) => string,
): ExplainedResponse {
  if (response.status === "deadLettered") {
    const deadLetter = deadLetters.find(
      ({ rejectedBy, topic, partition, offset }) =>
        rejectedBy === sync &&
        topic === from.topic &&
        partition === from.partition &&
        offset === from.offset,
    );
    return deadLetter
      ? {
          ...response,
          time: deadLetter.time,
          detail: `${deadLetter.code}: ${shown(deadLetter)}`,
        }
      : response;
  }
  const accepted = messages.find((message) => message.messageId === messageId);
  if (accepted)
    return { status: "accepted", time: accepted.deliveryTime, detail: accepted.response };
  const deadLetter = deadLetters.find((one) => one.messageId === messageId);
  return deadLetter
    ? { status: "rejected", time: deadLetter.time, detail: shown(deadLetter) }
    : response;
}
