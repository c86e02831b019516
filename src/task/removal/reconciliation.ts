import {
  type ControlMessage,
  decodeControlMessage,
  encodeControlMessage,
} from "../../coordination/control-message.ts";
import type { Clock } from "../../lib/clock.ts";

export type SnapshotEnd = ControlMessage & { kind: "snapshot-end" };

/**
 * When to remove what a complete snapshot did not contain. Its end is told by one partition, and reads in another may
 * still be on their way: some time after, the end of this partition's log is taken, and when all up to there is
 * processed, every read has come.
 */
export class Reconciliation {
  readonly #clock: Clock;
  readonly #wait_ms: number;
  #pending: { readonly message: SnapshotEnd; readonly due: number } | null = null;
  #until: number | null = null;

  /** @param kept what `text` was when a former life of the task ended */
  constructor(clock: Clock, wait_ms: number, kept: string | null) {
    this.#clock = clock;
    this.#wait_ms = wait_ms;
    if (kept !== null)
      this.start(
        decodeControlMessage(Buffer.from(kept), "the stored end of a snapshot") as SnapshotEnd,
      );
  }

  get isPending(): boolean {
    return this.#pending !== null;
  }

  /** What the task's state keeps of it. */
  get text(): string | null {
    return this.#pending && encodeControlMessage(this.#pending.message).toString();
  }

  /** A snapshot has ended. The newest says all that an older one would; partitions may tell of them in any order. */
  start(message: SnapshotEnd): void {
    if (this.#pending && message.removal.time < this.#pending.message.removal.time) return;
    this.#pending = { message, due: this.#clock.now() + this.#wait_ms };
    this.#until = null;
  }

  /**
   * The snapshot whose reads have all come.
   * @param now ms since 1970; infinite where the source has ended
   * @param next the next offset to process
   * @param end asks for the end of the partition's log
   */
  async ready(now: number, next: number, end: () => Promise<number>): Promise<SnapshotEnd | null> {
    if (this.#pending === null || now < this.#pending.due) return null;
    this.#until ??= await end();
    return next < this.#until ? null : this.#pending.message;
  }

  done(): void {
    this.#pending = null;
  }
}
