import type { TopicPartition } from "../data/record.ts";
import type { CdcError } from "../lib/errors.ts";
import type { RecentDeadLetter } from "./status.ts";

const MAX_DEAD_LETTERS = 200;

/** The fields of a dead letter that the status reports. */
export type RejectedRecord = {
  readonly record: TopicPartition & { readonly offset: number };
  readonly error: CdcError;
  readonly by?: string;
  /** The message that Segment rejected, as JSON text. */
  readonly message?: string;
};

/** With the details of its error, which may quote row values. */
export type DetailedDeadLetter = RecentDeadLetter & { readonly details: string | null };

/** The latest dead letters with reason and offset, without the record. */
export class RecentDeadLetters {
  #deadLetters: DetailedDeadLetter[] = [];

  /** @param now ms since 1970 */
  add(rejected: readonly RejectedRecord[], now: number): void {
    const time = new Date(now).toISOString();
    const latest = rejected.slice(-MAX_DEAD_LETTERS).map((one) => deadLetterOf(one, time));
    this.#deadLetters = [...latest.toReversed(), ...this.#deadLetters].slice(0, MAX_DEAD_LETTERS);
  }

  /** Newest first, without row values. */
  list(): readonly RecentDeadLetter[] {
    return this.#deadLetters.map(({ details, ...deadLetter }) => deadLetter);
  }

  /** Newest first, with the details. */
  listDetailed(): readonly DetailedDeadLetter[] {
    return this.#deadLetters;
  }
}

function deadLetterOf(
  { record, error, by, message }: RejectedRecord,
  time: string,
): DetailedDeadLetter {
  const { topic, partition, offset } = record;
  const { code, message: reason, details } = error;
  const messageId: string | null = message === undefined ? null : JSON.parse(message).messageId;
  return {
    time,
    code,
    reason,
    details,
    rejectedBy: by ?? null,
    messageId,
    topic,
    partition,
    offset,
  };
}
