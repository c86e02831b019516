import { partitionName, type TopicPartition } from "../../data/record.ts";

/** The state of a partition that this member owns. */
export type OwnedPartition = TopicPartition & {
  paused: boolean;
  /** The fetch offset that the next delivered batch must have; unknown until the listener seeks. */
  next: number | undefined;
  /** The offset to which kafkajs has advanced over records that it does not deliver (control records, aborted transactions). */
  skippedTo: number | undefined;
};

/** By `topic/partition`. */
export type OwnedPartitionMap = ReadonlyMap<string, OwnedPartition>;

/** A new partition is paused until the listener has set its offset and resumed it. */
export function newOwnedPartition({ topic, partition }: TopicPartition): OwnedPartition {
  return { topic, partition, paused: true, next: undefined, skippedTo: undefined };
}

/** The partitions after a join: those owned before keep their state, others are new. */
export function rejoin(
  owned: OwnedPartitionMap,
  assignment: { readonly [topic: string]: readonly number[] },
): Map<string, OwnedPartition> {
  const assigned = Object.entries(assignment).flatMap(([topic, partitions]) =>
    partitions.map((partition) => ({ topic, partition })),
  );
  return new Map(
    assigned.map((tp) => [
      partitionName(tp),
      owned.get(partitionName(tp)) ?? newOwnedPartition(tp),
    ]),
  );
}

/**
 * What to do with a batch that was fetched at an offset:
 * - `deliver`   it has the next records
 * - `skipped`   kafkajs advanced over records that it does not deliver: the next records, unless the log was truncated
 * - `displaced` kafkajs jumped to another offset (out of range: the log was truncated or recreated)
 */
export type Decision = "deliver" | "skipped" | "displaced";

export function decisionFor(owned: OwnedPartition, fetched: number): Decision {
  if (owned.next === undefined || fetched === owned.next) return "deliver";
  return fetched > owned.next && fetched === owned.skippedTo ? "skipped" : "displaced";
}
