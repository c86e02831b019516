import type { TracedMessage } from "../deliver/message-origin.ts";
import type { RecentMessage } from "./status.ts";

/** Of each sync. */
const KEPT = 100;

/** Of each sync in what is handed over, or taken, at once: of a few all, of thousands the last. */
const LOOKED_AT = 20;

/** Who is asked for, each alone or together; what is not given is not asked. */
export type MessageFilter = {
  readonly sync?: string;
  /** A userId or an anonymousId. */
  readonly user?: string;
  /** The row's key as canonical JSON, `["org1",7]`, or the value of a key that is one column. */
  readonly key?: string;
};

/**
 * The latest messages of each sync that Segment took, and why they were sent. Of many at once only the last are looked
 * at, so a fast topic costs no more than a slow one.
 */
export class RecentMessages {
  readonly #rings = new Map<string, RecentMessage[]>();

  /** Messages are handed to their lane: finds out which columns changed for the last of each sync, and forgets the rows. */
  pushed(messages: readonly TracedMessage[]): void {
    const seen = new Map<string, number>();
    for (const { origin } of messages.toReversed()) {
      if (!origin?.columns) continue;
      const count = seen.get(origin.sync) ?? 0;
      seen.set(origin.sync, count + 1);
      if (count >= LOOKED_AT) origin.columns = null;
      else {
        const columns = origin.columns();
        origin.columns = () => columns;
      }
    }
  }

  /** @param now ms since 1970; @param response what Segment said */
  delivered(messages: readonly TracedMessage[], now: number, response: string): void {
    const last = new Map<string, RecentMessage[]>();
    for (const message of messages.toReversed()) {
      const { origin } = message;
      if (!origin) continue;
      const of = last.get(origin.sync) ?? [];
      last.set(origin.sync, of);
      if (of.length < LOOKED_AT) of.push(recent(message, origin, now, response));
    }
    for (const [sync, fresh] of last) {
      const notify = this.#rings.get(sync) ?? [];
      this.#rings.set(sync, [...fresh, ...notify].slice(0, KEPT));
    }
  }

  /** Newest first. */
  list({ sync, user, key }: MessageFilter): readonly RecentMessage[] {
    const rings = sync === undefined ? [...this.#rings.values()] : [this.#rings.get(sync) ?? []];
    return rings
      .flat()
      .filter((message) => user === undefined || isOf(message, user))
      .filter(({ from }) => key === undefined || isKey(from.key, key))
      .toSorted((a, b) => b.sentAt.localeCompare(a.sentAt));
  }
}

function recent(
  { text, record }: TracedMessage,
  { sync, kind, key, time, columns }: NonNullable<TracedMessage["origin"]>,
  now: number,
  response: string,
): RecentMessage {
  const { type, event, userId, anonymousId, messageId, timestamp } = JSON.parse(text);
  const { topic, partition, offset } = record;
  return {
    ...{ sync, type, event, userId, anonymousId, messageId, timestamp },
    why: { kind, columns: columns?.() ?? null },
    from: { topic, partition, offset, key },
    sentAt: new Date(now).toISOString(),
    delay_s: time > 0 ? Math.max(0, now - time) / 1_000 : null,
    response,
  };
}

function isOf({ userId, anonymousId }: RecentMessage, user: string): boolean {
  return userId === user || anonymousId === user;
}

function isKey(key: string, asked: string): boolean {
  if (key === asked || key === `[${asked}]`) return true;
  return key === JSON.stringify([asked]);
}
