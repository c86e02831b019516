import { partitionName, type TopicPartition } from "../data/record.ts";
import type { Clock } from "../lib/clock.ts";
import { CdcError } from "../lib/errors.ts";
import type { Source } from "../source/source.ts";

/** A member hears of a re-balance within a second. */
const ASK_EVERY_MS = 1_000;

/** So often, and never further apart: somebody else takes the partition again and again. */
const TOO_OFTEN = 5;
const WITHIN_MS = 600_000;

/**
 * Partitions whose changelog takes no more of this process. Either another owns them now, and the group will tell, or
 * nobody does: Kafka bars a producer whose transaction stood still for over a minute, as in a process that was stopped.
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
   * @param isTold whether the group has told since
   * @returns whether the group, which has not told, has the partition here: it is to be opened anew.
   * Rejects with NAME_IN_USE where that was so too often.
   */
  async isStillHere(tp: TopicPartition, isTold: () => boolean): Promise<boolean> {
    for (;;) {
      await this.#clock.sleep(ASK_EVERY_MS);
      if (isTold()) return false;
      const isHere = await this.#source.owns(tp);
      if (isTold()) return false;
      if (isHere) break;
    }
    const now = this.#clock.now();
    const times = [...(this.#times.get(partitionName(tp)) ?? []), now].filter(
      (t) => now - t < WITHIN_MS,
    );
    this.#times.set(partitionName(tp), times);
    if (times.length >= TOO_OFTEN) throw again(partitionName(tp));
    return true;
  }
}

function again(name: string): CdcError {
  return new CdcError(
    "NAME_IN_USE",
    `${name}: somebody else writes its changelog, again and again, though this process' group has given it here: ` +
      "two pipelines of one `name` run in two groups, or on two Kafka clusters' groups; give one another `name`",
  );
}
