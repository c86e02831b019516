import type { Consumer } from "kafkajs";
import { partitionName, type TopicPartition } from "../../data/record.ts";
import { messageOf } from "../../lib/errors.ts";
import type { Logger } from "../../lib/logger.ts";
import { newOwnedPartition, type OwnedPartition, rejoin } from "./owned-partition.ts";

/**
 * The partitions that this member owns, each with its offset and whether it is paused. kafkajs loses its offsets with
 * each join and its pauses with each new consumer; both are set again from here.
 */
export class OwnedPartitions {
  readonly #consumer: () => Consumer | undefined;
  readonly #log: Logger;
  #partitions = new Map<string, OwnedPartition>();

  constructor(consumer: () => Consumer | undefined, log: Logger) {
    this.#consumer = consumer;
    this.#log = log;
  }

  list(): TopicPartition[] {
    return [...this.#partitions.values()].map(({ topic, partition }) => ({ topic, partition }));
  }

  /** The next offset to fetch by `topic/partition`, where known. */
  next(): ReadonlyMap<string, number> {
    const known = [...this.#partitions].flatMap(([name, { next }]) =>
      next === undefined ? [] : [[name, next] as const],
    );
    return new Map(known);
  }

  /** Whether there is a partition to fetch. */
  get isFetching(): boolean {
    return this.#partitions.values().some(({ paused }) => !paused);
  }

  get(tp: TopicPartition): OwnedPartition | undefined {
    return this.#partitions.get(partitionName(tp));
  }

  /** Called inside a join: offsets and pauses set now are in effect before the first fetch. */
  rejoin(assignment: { readonly [topic: string]: readonly number[] }): void {
    this.#partitions = rejoin(this.#partitions, assignment);
    for (const owned of this.#partitions.values()) {
      this.setPaused(owned, owned.paused);
      if (owned.next !== undefined) this.seek(owned, owned.next);
    }
  }

  remove(tp: TopicPartition): void {
    this.#partitions.delete(partitionName(tp));
  }

  /** Adds a partition as new: paused, without an offset. */
  add(tp: TopicPartition): void {
    const owned = newOwnedPartition(tp);
    this.#partitions.set(partitionName(owned), owned);
    this.setPaused(owned, true);
  }

  setPaused(owned: OwnedPartition, paused: boolean): void {
    owned.paused = paused;
    if (paused) this.pauseFetching(owned);
    else this.#withConsumer((consumer) => consumer.resume([partitionsOf(owned)]));
  }

  /** Stops fetching for now, whether or not the listener has paused the partition. */
  pauseFetching(owned: OwnedPartition): void {
    this.#withConsumer((consumer) => consumer.pause([partitionsOf(owned)]));
  }

  seek(owned: OwnedPartition, offset: number): void {
    const { topic, partition } = owned;
    owned.next = offset;
    owned.skippedTo = undefined;
    this.#withConsumer((consumer) => consumer.seek({ topic, partition, offset: `${offset}` }));
  }

  /** kafkajs throws between a crash and the next join; `rejoin` repeats the calls then. */
  #withConsumer(call: (consumer: Consumer) => void): void {
    try {
      const consumer = this.#consumer();
      if (consumer) call(consumer);
    } catch (error) {
      this.#log.debug({ error: messageOf(error) }, "not in a group; repeated after the next join");
    }
  }
}

function partitionsOf({ topic, partition }: TopicPartition) {
  return { topic, partitions: [partition] };
}
