import { hidden } from "../data/redact.ts";
import type { Answer, ExplainedSync, Explanation, LastMessage } from "../explain/explanation.ts";
import type { RecentLetter, RecentMessage } from "./status.ts";

/** The latest that this process remembers. */
export type Remembered = {
  readonly messages: readonly RecentMessage[];
  readonly letters: readonly RecentLetter[];
};

/**
 * The explanation with the answers that this process remembers; of the others it stays open which of two they were.
 * @param showValues whether reasons are told with the values that they may quote
 */
export function withAnswers(
  explanation: Explanation,
  remembered: Remembered,
  showValues: boolean,
): Explanation {
  const shown = (reason: string) => (showValues ? reason : hidden(reason));
  const answered = (sync: ExplainedSync): ExplainedSync =>
    sync.last === null
      ? sync
      : {
          ...sync,
          last: { ...sync.last, answer: answerOf(sync.sync, sync.last, remembered, shown) },
        };
  const rows = explanation.rows.map((row) => ({ ...row, syncs: row.syncs.map(answered) }));
  return { ...explanation, rows };
}

function answerOf(
  sync: string,
  { messageId, from, answer }: LastMessage,
  { messages, letters }: Remembered,
  shown: (reason: string) => string,
): Answer {
  if (answer.is === "set aside") {
    const letter = letters.find(
      ({ by, topic, partition, offset }) =>
        by === sync &&
        topic === from.topic &&
        partition === from.partition &&
        offset === from.offset,
    );
    return letter
      ? { ...answer, at: letter.at, says: `${letter.code}: ${shown(letter.reason)}` }
      : answer;
  }
  const taken = messages.find((message) => message.messageId === messageId);
  if (taken) return { is: "accepted", at: taken.sentAt, says: taken.answer };
  const letter = letters.find((one) => one.messageId === messageId);
  return letter ? { is: "refused", at: letter.at, says: shown(letter.reason) } : answer;
}
