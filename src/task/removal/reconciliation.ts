import {
  type ControlMessage,
  decodeControlMessage,
  encodeControlMessage,
} from "../../coordination/control-message.ts";
import type { Clock } from "../../lib/clock.ts";

export type SnapshotEnd = ControlMessage & { kind: "snapshot-end" };

/**
 * Decides when rows that a complete snapshot did not contain are removed. One partition announces the snapshot's end, and
 * reads in other partitions may still arrive. After a delay the end of this partition's log is read; once all records
 * below it are processed, every read has arrived.
 */
export class Reconciliation {
  readonly #clock: Clock;
  readonly #delay_ms: number;
  #pending: { readonly message: SnapshotEnd; readonly due: number } | null = null;
  /** The end of the log that was read after the delay. */
  #until: number | null = null;

  /** @param stored `pendingText` from the task record */
  constructor(clock: Clock, delay_ms: number, stored: string | null) {
    this.#clock = clock;
    this.#delay_ms = delay_ms;
    if (stored !== null)
      this.start(
        decodeControlMessage(Buffer.from(stored), "the stored snapshot end") as SnapshotEnd,
      );
  }

  get isPending(): boolean {
    return this.#pending !== null;
  }

  /** The pending snapshot end as text for the task record. */
  get pendingText(): string | null {
    return this.#pending && encodeControlMessage(this.#pending.message).toString();
  }

  /** A snapshot has ended. The newest end covers older ones; partitions announce them in any order. */
  start(message: SnapshotEnd): void {
    if (this.#pending && message.removal.time < this.#pending.message.removal.time) return;
    this.#pending = { message, due: this.#clock.now() + this.#delay_ms };
    this.#until = null;
  }

  /**
   * The snapshot end whose reads have all arrived, if any.
   * @param now ms since 1970; infinite after the end of the source
   * @param next the next offset to process
   * @param end reads the end of the partition's log
   */
  async ready(now: number, next: number, end: () => Promise<number>): Promise<SnapshotEnd | null> {
    if (this.#pending === null || now < this.#pending.due) return null;
    this.#until ??= await end();
    return next < this.#until ? null : this.#pending.message;
  }

  complete(): void {
    this.#pending = null;
  }
}
