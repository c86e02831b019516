import { CdcError } from "../errors.ts";
import type { Truncate } from "../event.ts";
import { recordName, type SourceRecord } from "../record.ts";

/** A truncate as the tasks pass it on: what happened, the record that told it, and its name in message ids. */
export type Removal = {
  readonly truncate: Truncate;
  readonly record: SourceRecord;
  readonly place: string;
};

type Request = { readonly removal: Removal; readonly resolve: () => void };

export type TruncationOptions = {
  readonly policy: "remove" | "ignore" | "stop";
  /** Removes, and makes durable, every row of this task that is from before the truncate. */
  readonly removeOlder: (removal: Removal) => Promise<void>;
  /** Has every other task of the topic do the same; resolves when all have. */
  readonly truncateOthers: (removal: Removal) => Promise<void>;
  /** Something has changed: the task's loop looks again. */
  readonly wake: () => void;
  readonly onFailure: (error: unknown) => void;
};

/**
 * How one task takes part in truncates of its table. The record stands in one partition and concerns all: the task that
 * meets it waits until every other one has removed its rows, and goes past it then. While it waits it serves what others
 * ask of it, so that two truncates in two partitions do not wait for each other.
 */
export class Truncation {
  readonly #options: TruncationOptions;
  readonly #requests: Request[] = [];
  #barrier: "none" | "waiting" | "open" = "none";

  constructor(options: TruncationOptions) {
    this.#options = options;
  }

  /** A truncate was met, and the others are not done. */
  get isWaiting(): boolean {
    return this.#barrier === "waiting";
  }

  /** Nothing was met, or asked for by another task. */
  get isIdle(): boolean {
    return this.#barrier === "none" && this.#requests.length === 0;
  }

  /**
   * The record that stands next is a truncate.
   * @returns whether the task may go past it; otherwise it comes back to it when woken
   * @throws CdcError TRUNCATED where the policy is to stop
   */
  async meet(truncate: Truncate, record: SourceRecord): Promise<boolean> {
    const { policy, removeOlder, truncateOthers, wake, onFailure } = this.#options;
    if (policy === "ignore") return true;
    if (policy === "stop") {
      throw new CdcError(
        "TRUNCATED",
        `${recordName(record)}: the table was truncated, and onTruncate: stop asks to stop here; set it to remove or ignore to go on`,
      );
    }
    const removal = {
      truncate,
      record,
      place: truncate.position ?? `${record.partition}/${record.offset}`,
    };
    if (this.#barrier === "open") {
      this.#barrier = "none";
      await removeOlder(removal);
      return true;
    }
    this.#barrier = "waiting";
    truncateOthers(removal).then(() => {
      this.#barrier = "open";
      wake();
    }, onFailure);
    return false;
  }

  /** Another task met a truncate; resolves when the rows from before it are gone from this one, durably, or it has ended. */
  ask(removal: Removal): Promise<void> {
    return new Promise((resolve) => {
      this.#requests.push({ removal, resolve });
      this.#options.wake();
    });
  }

  /** Does what another task asked for; `false` where nobody asks. */
  async serve(): Promise<boolean> {
    const [request] = this.#requests;
    if (!request) return false;
    await this.#options.removeOlder(request.removal);
    this.#requests.shift();
    request.resolve();
    return true;
  }

  /**
   * The task ends. Whoever still waits for it goes on: a partition that was lost is its new owner's, and in a process
   * that stops nobody goes past a truncate any more.
   */
  close(): void {
    for (const { resolve } of this.#requests.splice(0)) resolve();
  }
}
