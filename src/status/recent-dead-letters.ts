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

/** The latest dead letters with their reasons and coordinates, never what stood in them. */
export class RecentDeadLetters {
  #deadLetters: RecentDeadLetter[] = [];

  recordDeadLetter(deadLetters: readonly DeadLetterInfo[], now: number): void {
    const at = new Date(now).toISOString();
    const fresh = deadLetters.slice(-KEPT).map(({ record, error, by, message }) => {
      const { topic, partition, offset } = record;
      const { code, message: reason } = error;
      const messageId: string | null = message === undefined ? null : JSON.parse(message).messageId;
      return { at, code, reason, by: by ?? null, messageId, topic, partition, offset };
    });
    this.#deadLetters = [...fresh.toReversed(), ...this.#deadLetters].slice(0, KEPT);
  }

  /** Newest first. */
  list(): readonly RecentDeadLetter[] {
    return this.#deadLetters;
  }
}
