import type { ChangeContext } from "../classify/change-context.ts";
import type { Change } from "../classify/decision.ts";
import { LIMITS } from "../deliver/batch.ts";
import { CdcError } from "../lib/errors.ts";
import type { SegmentMessage } from "../map/sync.ts";
import type { SyncTopology } from "../topology/model-topology.ts";
import type { ExplainedMessage } from "./explanation.ts";
import { shownReason } from "./reason.ts";

/** The messages of a change, with a sentence for each, or the reason why there are none. */
export function explainedMessages(
  change: Change,
  { sync, options }: SyncTopology,
  { event, record, changeId }: ChangeContext,
  showValues: boolean,
): { readonly details: readonly string[]; readonly messages: readonly ExplainedMessage[] } {
  const { table, key, time } = event;
  const omitted: string[] = [];
  const rejected = (why: string) => ({
    details: [`none: the change is sent to the dead letter queue: ${why}`],
    messages: [],
  });
  try {
    const changeSource = { table, key, time, topic: record.topic, changeId };
    const messages = sync.messages(change, changeSource, (field, reason, kind) =>
      omitted.push(`${field}: ${showValues ? reason : kind}`),
    );
    const tooLarge = messages.find((message) => bytesOf(message) > LIMITS.message_bytes);
    if (tooLarge)
      return rejected(
        `MESSAGE_TOO_LARGE: the message has ${bytesOf(tooLarge)} bytes and Segment takes 32 KB`,
      );
    const sent = messages.map(({ messageId, type, event }) => {
      return `${event ?? type}, messageId ${messageId}`;
    });
    const none = messages.length === 0 ? [`none: ${NOT_SENT[options.type](change)}`] : [];
    const leftOut = omitted.length === 0 ? [] : [`left out: ${omitted.join("; ")}`];
    return {
      details: [...none, ...sent, ...leftOut],
      messages: messages.map((message) => explainedMessage(sync.name, message, showValues)),
    };
  } catch (error) {
    if (!(error instanceof CdcError)) throw error;
    return rejected(shownReason(error, showValues));
  }
}

const NOT_SENT = {
  identify: () => "identify sends nothing for a removed row",
  track: ({ reason }: Change) => `\`events.${reason}\` is not set, so track sends no event`,
  "track-entered-exited": () =>
    "track-entered-exited sends nothing for a member that stays under the same user",
} as const;

function bytesOf(message: SegmentMessage): number {
  return Buffer.byteLength(JSON.stringify(message));
}

function explainedMessage(
  sync: string,
  message: SegmentMessage,
  showValues: boolean,
): ExplainedMessage {
  const { type, event = null, userId = null, anonymousId = null, messageId, timestamp } = message;
  const fields = Object.keys(message.traits ?? message.properties ?? {});
  const text = showValues ? JSON.stringify(message) : null;
  return { sync, type, event, userId, anonymousId, messageId, timestamp, fields, text };
}
