import { partitionName, type TopicPartition } from "../../data/record.ts";

/** What the source knows of one partition it owns. */
export type OwnedPartition = TopicPartition & {
  paused: boolean;
  /** The offset at which the next delivered batch must have been asked for; unknown until the listener seeks or resumes. */
  next: number | undefined;
  /** Where kafkajs went by itself: past control records and aborted transactions, which it does not show. */
  skippedTo: number | undefined;
};

/** The partitions owned, by their names. */
export type OwnedPartitionMap = ReadonlyMap<string, OwnedPartition>;

/** A partition newly owned waits until the listener has sought and resumed it. */
export function newOwnedPartition({ topic, partition }: TopicPartition): OwnedPartition {
  return { topic, partition, paused: true, next: undefined, skippedTo: undefined };
}

/** What a join makes of what was held: kept partitions keep pause and place, new ones wait, the others are forgotten. */
export function rejoin(
  held: OwnedPartitionMap,
  assignment: { readonly [topic: string]: readonly number[] },
): Map<string, OwnedPartition> {
  const ownedPartitions = new Map<string, OwnedPartition>();
  for (const [topic, partitions] of Object.entries(assignment)) {
    for (const partition of partitions) {
      const name = partitionName({ topic, partition });
      ownedPartitions.set(name, held.get(name) ?? newOwnedPartition({ topic, partition }));
    }
  }
  return ownedPartitions;
}

/**
 * What to do with a batch that was asked for at offset `fetched`:
 * - `deliver`   it is what comes next
 * - `skipped`   kafkajs went on over records it does not show: it is next, unless the log was cut there too
 * - `displaced` kafkajs was thrown elsewhere (offset out of range: the log was cut, or made anew)
 */
export type Decision = "deliver" | "skipped" | "displaced";

export function decision(owned: OwnedPartition, fetched: number): Decision {
  if (owned.next === undefined || fetched === owned.next) return "deliver";
  return fetched > owned.next && fetched === owned.skippedTo ? "skipped" : "displaced";
}
