import type { TopicPartition } from "../data/record.ts";
import type { CdcError } from "../lib/errors.ts";
import type { RecentDeadLetter } from "./status.ts";

const KEPT = 200;

/** A dead letter, as far as telemetry looks at it. */
export type DeadLetterInfo = {
  readonly record: TopicPartition & { readonly offset: number };
  readonly error: CdcError;
  readonly by?: string;
  /** The message that Segment refused, as JSON text. */
  readonly message?: string;
};

/** A dead letter with the details of its error, which may quote row values. */
export type RememberedDeadLetter = RecentDeadLetter & { readonly details: string | null };

/** The latest dead letters with their reasons and coordinates, never what stood in them. */
export class RecentDeadLetters {
  #deadLetters: RememberedDeadLetter[] = [];

  recordDeadLetter(deadLetters: readonly DeadLetterInfo[], now: number): void {
    const at = new Date(now).toISOString();
    const fresh = deadLetters.slice(-KEPT).map(({ record, error, by, message }) => {
      const { topic, partition, offset } = record;
      const { code, message: reason, details } = error;
      const messageId: string | null = message === undefined ? null : JSON.parse(message).messageId;
      return { at, code, reason, details, by: by ?? null, messageId, topic, partition, offset };
    });
    this.#deadLetters = [...fresh.toReversed(), ...this.#deadLetters].slice(0, KEPT);
  }

  /** Newest first, without row values. */
  list(): readonly RecentDeadLetter[] {
    return this.#deadLetters.map(({ details, ...deadLetter }) => deadLetter);
  }

  /** The same with their details. */
  remembered(): readonly RememberedDeadLetter[] {
    return this.#deadLetters;
  }
}
