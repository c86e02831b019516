import { nameOf, type TopicPartition } from "../../data/record.ts";

/** What the source knows of one partition it owns. */
export type Hold = TopicPartition & {
  paused: boolean;
  /** The offset at which the next delivered batch must have been asked for; unknown until the listener seeks or resumes. */
  next: number | undefined;
  /** Where kafkajs went by itself: past control records and aborted transactions, which it does not show. */
  skippedTo: number | undefined;
};

/** The partitions owned, by their names. */
export type Holds = ReadonlyMap<string, Hold>;

/** A partition newly owned waits until the listener has sought and resumed it. */
export function newHold({ topic, partition }: TopicPartition): Hold {
  return { topic, partition, paused: true, next: undefined, skippedTo: undefined };
}

/** What a join makes of what was held: kept partitions keep pause and place, new ones wait, the others are forgotten. */
export function rejoin(
  held: Holds,
  assignment: { readonly [topic: string]: readonly number[] },
): Map<string, Hold> {
  const holds = new Map<string, Hold>();
  for (const [topic, partitions] of Object.entries(assignment)) {
    for (const partition of partitions) {
      const name = nameOf({ topic, partition });
      holds.set(name, held.get(name) ?? newHold({ topic, partition }));
    }
  }
  return holds;
}

/**
 * What to do with a batch that was asked for at offset `fetched`:
 * - `deliver`   it is what comes next
 * - `skipped`   kafkajs went on over records it does not show: it is next, unless the log was cut there too
 * - `displaced` kafkajs was thrown elsewhere (offset out of range: the log was cut, or made anew)
 */
export type Verdict = "deliver" | "skipped" | "displaced";

export function verdict(hold: Hold, fetched: number): Verdict {
  if (hold.next === undefined || fetched === hold.next) return "deliver";
  return fetched > hold.next && fetched === hold.skippedTo ? "skipped" : "displaced";
}
