import type { Consumer } from "kafkajs";
import { nameOf, type TopicPartition } from "../../data/record.ts";
import { messageOf } from "../../lib/errors.ts";
import type { Logger } from "../../lib/logger.ts";
import { type Hold, newHold, rejoin } from "./owned-partition.ts";

/**
 * The partitions owned now, with the place and the pause of each, and kafkajs kept in step with them. They are kept
 * here because kafkajs forgets them: its offsets at each join, its pauses with each new consumer.
 */
export class OwnedPartitions {
  readonly #consumer: () => Consumer | undefined;
  readonly #log: Logger;
  #holds = new Map<string, Hold>();

  constructor(consumer: () => Consumer | undefined, log: Logger) {
    this.#consumer = consumer;
    this.#log = log;
  }

  list(): TopicPartition[] {
    return [...this.#holds.values()].map(({ topic, partition }) => ({ topic, partition }));
  }

  /** By `topic/partition`: what will be asked for next, where that is known. */
  next(): ReadonlyMap<string, number> {
    const known = [...this.#holds].filter(([, { next }]) => next !== undefined);
    return new Map(known.map(([name, { next }]) => [name, next as number]));
  }

  /** Some partition is to be fetched. */
  get isFetching(): boolean {
    return this.#holds.values().some(({ paused }) => !paused);
  }

  get(at: TopicPartition): Hold | undefined {
    return this.#holds.get(nameOf(at));
  }

  /** To be called inside the join: what is told to kafkajs there holds before anything is fetched. */
  rejoin(assignment: { readonly [topic: string]: readonly number[] }): void {
    this.#holds = rejoin(this.#holds, assignment);
    for (const hold of this.#holds.values()) {
      this.setPaused(hold, hold.paused);
      if (hold.next !== undefined) this.place(hold, hold.next);
    }
  }

  lose(at: TopicPartition): void {
    this.#holds.delete(nameOf(at));
  }

  /** Takes one over as new: paused, without a place. */
  gain(at: TopicPartition): void {
    const hold = newHold(at);
    this.#holds.set(nameOf(hold), hold);
    this.setPaused(hold, true);
  }

  setPaused(hold: Hold, paused: boolean): void {
    hold.paused = paused;
    if (paused) this.holdBack(hold);
    else this.#tell((consumer) => consumer.resume([partitionsOf(hold)]));
  }

  /** Stops the fetching for a while without being a pause of the listener's. */
  holdBack(hold: Hold): void {
    this.#tell((consumer) => consumer.pause([partitionsOf(hold)]));
  }

  place(hold: Hold, offset: number): void {
    const { topic, partition } = hold;
    hold.next = offset;
    hold.skippedTo = undefined;
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
