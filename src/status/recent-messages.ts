import type { TracedMessage } from "../deliver/message-origin.ts";
import type { RecentMessage } from "./status.ts";

/** Retained per sync. */
const MAX_MESSAGES = 100;

/** Of one batch, this many are retained per sync: a fast topic costs no more than a slow one. */
const MAX_PER_BATCH = 20;

/** A condition that is absent matches every message. */
export type MessageFilter = {
  readonly sync?: string;
  /** A userId or an anonymousId. */
  readonly user?: string;
  /** The row's key as canonical JSON, `["org1",7]`, or the value of a key with one column. */
  readonly key?: string;
};

/** The latest messages of each sync that Segment has accepted, with the change that produced them. */
export class RecentMessages {
  readonly #bySync = new Map<string, readonly RecentMessage[]>();

  /** @param now ms since 1970; @param response of Segment */
  add(batch: readonly TracedMessage[], now: number, response: string): void {
    const latest = new Map<string, RecentMessage[]>();
    for (const message of batch.toReversed()) {
      const { origin } = message;
      // A redriven message has no origin.
      if (!origin) continue;
      const ofSync = latest.get(origin.sync) ?? [];
      latest.set(origin.sync, ofSync);
      if (ofSync.length < MAX_PER_BATCH) ofSync.push(recent(message, origin, now, response));
    }
    for (const [sync, messages] of latest) {
      const before = this.#bySync.get(sync) ?? [];
      this.#bySync.set(sync, [...messages, ...before].slice(0, MAX_MESSAGES));
    }
  }

  /** Newest first. */
  list({ sync, user, key }: MessageFilter): readonly RecentMessage[] {
    const messages =
      sync === undefined ? [...this.#bySync.values()].flat() : (this.#bySync.get(sync) ?? []);
    return messages
      .filter((message) => user === undefined || isOfUser(message, user))
      .filter(({ record }) => key === undefined || isKey(record.key, key))
      .toSorted((a, b) => b.deliveryTime.localeCompare(a.deliveryTime));
  }
}

function recent(
  { text, record }: TracedMessage,
  { sync, reason, changedColumns, key, time }: NonNullable<TracedMessage["origin"]>,
  now: number,
  response: string,
): RecentMessage {
  const { type, event, userId, anonymousId, messageId, timestamp } = JSON.parse(text);
  const { topic, partition, offset } = record;
  return {
    ...{ sync, type, event, userId, anonymousId, messageId, timestamp },
    change: { kind: reason, columns: changedColumns },
    record: { topic, partition, offset, key },
    deliveryTime: new Date(now).toISOString(),
    delay_s: time > 0 ? Math.max(0, now - time) / 1_000 : null,
    response,
  };
}

function isOfUser({ userId, anonymousId }: RecentMessage, user: string): boolean {
  return userId === user || anonymousId === user;
}

function isKey(key: string, wanted: string): boolean {
  return key === wanted || key === `[${wanted}]` || key === JSON.stringify([wanted]);
}
