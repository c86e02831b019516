import type { ReceivedMessage } from "../../src/cli/demo/mock-segment.ts";

/** What Segment kept, held against what the same records are worth to `preview`. */
export type Outcome = {
  readonly expected: number;
  readonly delivered: number;
  readonly lost: readonly ReceivedMessage[];
  /** Kept beyond what was expected: a second id for one event, or an event that never was. */
  readonly doubled: readonly ReceivedMessage[];
  /** Messages that came first after a later one of their row. */
  readonly outOfOrder: readonly ReceivedMessage[];
};

export function outcomeOf(
  expected: readonly ReceivedMessage[],
  accepted: readonly ReceivedMessage[],
): Outcome {
  const ranks = new Map(expected.map(({ messageId = "" }, rank) => [messageId, rank]));
  const arrived = new Set(accepted.map(({ messageId = "" }) => messageId));
  const latest = new Map<string, number>();
  const outOfOrder = accepted.filter(({ messageId = "", userId = "" }) => {
    const rank = ranks.get(messageId);
    if (rank === undefined) return false;
    const isLate = rank < (latest.get(userId) ?? -1);
    if (!isLate) latest.set(userId, rank);
    return isLate;
  });
  const doubled = accepted.filter(({ messageId = "" }) => !ranks.has(messageId));
  return {
    expected: expected.length,
    delivered: accepted.length - doubled.length,
    lost: expected.filter(({ messageId = "" }) => !arrived.has(messageId)),
    doubled,
    outOfOrder,
  };
}
