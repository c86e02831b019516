import type { ChangeContext } from "../classify/change-context.ts";
import type { Change, ChangeReason } from "../classify/decision.ts";
import type { SyncRule } from "../classify/rules.ts";
import type { MessageKind } from "../data/last-message.ts";
import { LIMITS } from "../deliver/batch.ts";
import type { MessageOrigin } from "../deliver/message-origin.ts";
import type { OutgoingMessage } from "../deliver/outgoing.ts";
import type { DeadLetter } from "../dlq/dead-letters.ts";
import { encodeUnsentChange } from "../dlq/unsent-change.ts";
import { CdcError } from "../lib/errors.ts";
import type { ChangeSource, SegmentMessage, Sync } from "../map/sync.ts";
import type { SyncCounts } from "../metrics/counters.ts";

/** A trait or property that was left out, and why; without values of the row, because this is logged. */
export type OmittedField = { readonly field: string; readonly kind: string };

/** A change of a row mapped for one sync: its messages, or its dead letter. */
export type ChangeMessages = {
  readonly sync: SyncRule;
  readonly reason: ChangeReason;
  readonly messages: readonly OutgoingMessage[];
  /** The last message; `messageId` is null if the change was dead-lettered; `null` if the sync sends nothing. */
  readonly last: { readonly kind: MessageKind; readonly messageId: string | null } | null;
  readonly omitted: readonly OmittedField[];
  readonly rejected: DeadLetter | null;
};

const NONE: readonly never[] = [];

/** Maps a change. A change is dead-lettered whole: if one message cannot be made, none is sent. */
export function messagesOfChange(
  change: Change,
  { event, record, changeId }: ChangeContext,
  sync: Sync,
  counts: SyncCounts,
): ChangeMessages {
  const { reason, changedColumns } = change;
  const { table, key, time } = event;
  const changeSource: ChangeSource = { table, key, time, topic: record.topic, changeId };
  const origin: MessageOrigin = { sync: sync.name, counts, reason, changedColumns, key, time };
  let omitted: OmittedField[] | null = null;
  try {
    const mapped = sync.messages(change, changeSource, (field, _reason, kind) => {
      omitted ??= [];
      omitted.push({ field, kind });
    });
    const messages = mapped.map((message): OutgoingMessage => {
      const text = JSON.stringify(message);
      return { text, bytes: bytesOf(text, sync), record, origin };
    });
    const last = lastOf(mapped, sync, reason);
    return { sync: change.sync, reason, messages, last, omitted: omitted ?? NONE, rejected: null };
  } catch (error) {
    if (!(error instanceof CdcError)) throw error;
    const unsentChange = encodeUnsentChange({ ...changeSource, ...change });
    return {
      sync: change.sync,
      reason,
      messages: NONE,
      last: { kind: reason, messageId: null },
      omitted: omitted ?? NONE,
      rejected: { record, error, by: sync.name, change: unsentChange },
    };
  }
}

function lastOf(
  messages: readonly SegmentMessage[],
  sync: Sync,
  reason: ChangeReason,
): ChangeMessages["last"] {
  const message = messages.at(-1);
  return message === undefined
    ? null
    : { kind: sync.kindOf(message, reason), messageId: message.messageId };
}

/** @throws CdcError MESSAGE_TOO_LARGE */
function bytesOf(text: string, sync: Sync): number {
  const bytes = Buffer.byteLength(text);
  if (bytes <= LIMITS.message_bytes) return bytes;
  throw new CdcError(
    "MESSAGE_TOO_LARGE",
    `sync "${sync.name}": the message has ${bytes} bytes and Segment takes 32 KB (we keep to ${LIMITS.message_bytes}); map fewer or shorter columns`,
  );
}
