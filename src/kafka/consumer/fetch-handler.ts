import type { EachBatchPayload } from "kafkajs";
import type { TopicPartition } from "../../data/record.ts";
import type { Logger } from "../../lib/logger.ts";
import type { Source, SourceListener } from "../../source/source.ts";
import { recordOf } from "../kafka-record.ts";
import { decision, type OwnedPartition } from "./owned-partition.ts";
import type { OwnedPartitions } from "./owned-partitions.ts";

/**
 * Takes in what kafkajs fetched: the batch that comes next goes to the listener, what is not owned any more goes
 * nowhere, and a batch from another place than the one asked for is never passed on for the right one.
 */
export class Intake {
  readonly #owned: OwnedPartitions;
  readonly #listener: SourceListener;
  readonly #range: Source["range"];
  readonly #log: Logger;

  constructor(
    owned: OwnedPartitions,
    listener: SourceListener,
    range: Source["range"],
    log: Logger,
  ) {
    this.#owned = owned;
    this.#listener = listener;
    this.#range = range;
    this.#log = log;
  }

  batch({ batch, isStale, isRunning, resolveOffset }: EachBatchPayload): void {
    const owned = this.#owned.get(batch);
    if (!owned || !isRunning() || isStale()) return;
    // Fetched for a former life of the partition: its new owner has not said where to begin.
    if (owned.paused && owned.next === undefined) return;
    // kafkajs has it, its types do not.
    const fetched = Number((batch as typeof batch & { fetchedOffset: string }).fetchedOffset);
    const what = decision(owned, fetched);
    if (what === "deliver") {
      // Resolving the last record shown resolves the control records behind it too.
      owned.next = Number(batch.lastOffset()) + 1;
      resolveOffset(batch.messages.at(-1)?.offset ?? batch.lastOffset());
      this.#listener.records(batch.messages.map((message) => recordOf(owned, message)));
    } else if (what === "skipped") this.#follow(owned, fetched);
    else this.#reopen(owned, fetched);
  }

  /** kafkajs went from `first` (NaN if unknown) over `last` without showing anything. */
  skipped(tp: TopicPartition, first: number, last: number): void {
    const owned = this.#owned.get(tp);
    if (owned?.next === undefined) return;
    if (first === owned.next) owned.next = last + 1;
    else owned.skippedTo = last + 1;
  }

  /** In a compacted log a skip may begin behind a hole: the log's start tells whether the hole is a cut. */
  async #follow(owned: OwnedPartition, fetched: number): Promise<void> {
    const next = owned.next;
    this.#owned.pauseFetching(owned);
    const range = await this.#range(owned).catch(() => undefined);
    if (this.#owned.get(owned) !== owned) return;
    if (range && next !== undefined && owned.next === next) {
      if (range.start > next) return this.#reopen(owned, fetched);
      this.#owned.seek(owned, fetched);
    }
    this.#owned.setPaused(owned, owned.paused);
  }

  /** Lost and at once new: its owner opens it again and meets the gap where every owner does, before its first seek. */
  #reopen(owned: OwnedPartition, fetched: number): void {
    const { topic, partition, next } = owned;
    const fields = { topic, partition, next, fetched };
    this.#log.warn(fields, "the log no longer has this place, opening the partition again");
    this.#owned.lose(owned);
    this.#listener.assigned(this.#owned.list());
    this.#owned.gain(owned);
    this.#listener.assigned(this.#owned.list());
  }
}
