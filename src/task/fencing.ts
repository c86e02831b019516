import { partitionName, type TopicPartition } from "../data/record.ts";
import type { Clock } from "../lib/clock.ts";
import { CdcError } from "../lib/errors.ts";
import type { Source } from "../source/source.ts";

/** A member learns of a rebalance within a second. */
const POLL_INTERVAL_MS = 1_000;

/** This many times in this window means that another pipeline writes the same changelog. */
const MAX_REOPENINGS = 5;
const WINDOW_MS = 600_000;

/**
 * Decides whether a fenced partition is opened again. Either another process owns it now and the group will announce
 * that, or no process does: Kafka fences a producer whose transaction was open for over a minute, as in a process that
 * was paused.
 */
export class Fencing {
  readonly #source: Source;
  readonly #clock: Clock;
  readonly #times = new Map<string, readonly number[]>();

  constructor(source: Source, clock: Clock) {
    this.#source = source;
    this.#clock = clock;
  }

  /**
   * @param isReassigned whether the group has announced another assignment since
   * @returns whether the group has announced none and the partition is still assigned to this process.
   * Rejects with NAME_IN_USE if that happens too often.
   */
  async isStillAssigned(tp: TopicPartition, isReassigned: () => boolean): Promise<boolean> {
    for (;;) {
      await this.#clock.sleep(POLL_INTERVAL_MS);
      if (isReassigned()) return false;
      const isOwned = await this.#source.owns(tp);
      if (isReassigned()) return false;
      if (isOwned) break;
    }
    this.#countReopening(partitionName(tp));
    return true;
  }

  /** @throws CdcError NAME_IN_USE */
  #countReopening(name: string): void {
    const now = this.#clock.now();
    const times = [...(this.#times.get(name) ?? []), now].filter((time) => now - time < WINDOW_MS);
    this.#times.set(name, times);
    if (times.length < MAX_REOPENINGS) return;
    throw new CdcError(
      "NAME_IN_USE",
      `${name}: another process keeps writing its changelog, although this process's group has the partition assigned here: ` +
        "two pipelines with the same `name` run in two groups, or on two Kafka clusters; give one of them another `name`",
    );
  }
}
