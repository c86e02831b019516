import type { Consumer } from "kafkajs";
import { partitionName, type TopicPartition } from "../../data/record.ts";
import { messageOf } from "../../lib/errors.ts";
import type { Logger } from "../../lib/logger.ts";
import { newOwnedPartition, type OwnedPartition, rejoin } from "./owned-partition.ts";

/**
 * The partitions owned now, with the place and the pause of each, and kafkajs kept in step with them. They are kept
 * here because kafkajs forgets them: its offsets at each join, its pauses with each new consumer.
 */
export class OwnedPartitions {
  readonly #consumer: () => Consumer | undefined;
  readonly #log: Logger;
  #ownedPartitions = new Map<string, OwnedPartition>();

  constructor(consumer: () => Consumer | undefined, log: Logger) {
    this.#consumer = consumer;
    this.#log = log;
  }

  list(): TopicPartition[] {
    return [...this.#ownedPartitions.values()].map(({ topic, partition }) => ({
      topic,
      partition,
    }));
  }

  /** By `topic/partition`: what will be asked for next, where that is known. */
  next(): ReadonlyMap<string, number> {
    const known = [...this.#ownedPartitions].filter(([, { next }]) => next !== undefined);
    return new Map(known.map(([name, { next }]) => [name, next as number]));
  }

  /** Some partition is to be fetched. */
  get isFetching(): boolean {
    return this.#ownedPartitions.values().some(({ paused }) => !paused);
  }

  get(tp: TopicPartition): OwnedPartition | undefined {
    return this.#ownedPartitions.get(partitionName(tp));
  }

  /** To be called inside the join: what is told to kafkajs there holds before anything is fetched. */
  rejoin(assignment: { readonly [topic: string]: readonly number[] }): void {
    this.#ownedPartitions = rejoin(this.#ownedPartitions, assignment);
    for (const owned of this.#ownedPartitions.values()) {
      this.setPaused(owned, owned.paused);
      if (owned.next !== undefined) this.seek(owned, owned.next);
    }
  }

  lose(tp: TopicPartition): void {
    this.#ownedPartitions.delete(partitionName(tp));
  }

  /** Takes one over as new: paused, without a place. */
  gain(tp: TopicPartition): void {
    const owned = newOwnedPartition(tp);
    this.#ownedPartitions.set(partitionName(owned), owned);
    this.setPaused(owned, true);
  }

  setPaused(owned: OwnedPartition, paused: boolean): void {
    owned.paused = paused;
    if (paused) this.pauseFetching(owned);
    else this.#tell((consumer) => consumer.resume([partitionsOf(owned)]));
  }

  /** Stops the fetching for a while without being a pause of the listener's. */
  pauseFetching(owned: OwnedPartition): void {
    this.#tell((consumer) => consumer.pause([partitionsOf(owned)]));
  }

  seek(owned: OwnedPartition, offset: number): void {
    const { topic, partition } = owned;
    owned.next = offset;
    owned.skippedTo = undefined;
    this.#tell((consumer) => consumer.seek({ topic, partition, offset: `${offset}` }));
  }

  /** Between a crash and the next join kafkajs takes no orders: `rejoin` gives them then. */
  #tell(order: (consumer: Consumer) => void): void {
    try {
      const consumer = this.#consumer();
      if (consumer) order(consumer);
    } catch (error) {
      this.#log.debug(
        { error: messageOf(error) },
        "kafkajs is in no group now; its next join will be told",
      );
    }
  }
}

function partitionsOf({ topic, partition }: TopicPartition) {
  return { topic, partitions: [partition] };
}
