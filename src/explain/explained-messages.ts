import type { ChangeContext } from "../classify/change-context.ts";
import type { Change } from "../classify/outcome.ts";
import { LIMITS } from "../deliver/batch.ts";
import { CdcError } from "../lib/errors.ts";
import type { SegmentMessage } from "../map/sync.ts";
import type { SyncTopology } from "../topology/model-topology.ts";
import type { ExplainedMessage } from "./explanation.ts";
import { shownReason } from "./reason.ts";

/** The messages of a change, or why there are none. */
export function messagesOf(
  change: Change,
  { sync, options }: SyncTopology,
  { event, record, changeId }: ChangeContext,
  showValues: boolean,
  say: (detail: string) => void,
): readonly ExplainedMessage[] {
  const { table, key, time } = event;
  const onOmitted: string[] = [];
  try {
    const changeSource = { table, key, time, topic: record.topic, changeId };
    const messages = sync.messages(change, changeSource, (field, reason, kind) =>
      onOmitted.push(`${field}: ${showValues ? reason : kind}`),
    );
    const tooLarge = messages.find((message) => bytesOf(message) > LIMITS.message_bytes);
    if (tooLarge) {
      say(
        `none can be made: it has ${bytesOf(tooLarge)} bytes and Segment takes 32 KB: MESSAGE_TOO_LARGE, to the dead letters`,
      );
      return [];
    }
    if (messages.length === 0) say(`none: ${options.type} ${NOT_SENT[options.type](change)}`);
    for (const { messageId, type, event: name } of messages)
      say(`${name ?? type}, messageId ${messageId}`);
    if (onOmitted.length > 0) say(`left out of it: ${onOmitted.join("; ")}`);
    return messages.map((message) => explainedMessage(sync.name, message, showValues));
  } catch (error) {
    if (!(error instanceof CdcError)) throw error;
    say(`none can be made: ${shownReason(error, showValues)}, to the dead letters`);
    return [];
  }
}

const NOT_SENT = {
  identify: () => "has no call for a row that is removed",
  track: ({ kind }: Change) => `sends no event for ${kind} rows: \`events.${kind}\` is not set`,
  "track-entered-exited": () => "sends nothing for a row that stays, under the same user",
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
