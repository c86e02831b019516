import type { EachBatchPayload } from "kafkajs";
import type { TopicPartition } from "../../data/record.ts";
import type { Logger } from "../../lib/logger.ts";
import type { Source, SourceListener } from "../../source/source.ts";
import { recordOf } from "../kafka-record.ts";
import { decisionFor, type OwnedPartition } from "./owned-partition.ts";
import type { OwnedPartitions } from "./owned-partitions.ts";

/**
 * Handles what kafkajs fetches: delivers the next batch of a partition to the listener, drops batches of partitions that
 * are no longer owned, and never delivers a batch from another offset than the expected one.
 */
export class FetchHandler {
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
    // Fetched before the partition was revoked and assigned again: its new task has not set the offset.
    if (owned.paused && owned.next === undefined) return;
    // kafkajs has the field, its types do not.
    const fetched = Number((batch as typeof batch & { fetchedOffset: string }).fetchedOffset);
    const decision = decisionFor(owned, fetched);
    if (decision === "deliver") {
      // Resolving the last delivered record also resolves the control records after it.
      owned.next = Number(batch.lastOffset()) + 1;
      resolveOffset(batch.messages.at(-1)?.offset ?? batch.lastOffset());
      this.#listener.records(batch.messages.map((message) => recordOf(owned, message)));
    } else if (decision === "skipped") this.#follow(owned, fetched);
    else this.#reopen(owned, fetched);
  }

  /** kafkajs advanced from `first` (NaN if unknown) past `last` without delivering a record. */
  skipped(tp: TopicPartition, first: number, last: number): void {
    const owned = this.#owned.get(tp);
    if (owned?.next === undefined) return;
    if (first === owned.next) owned.next = last + 1;
    else owned.skippedTo = last + 1;
  }

  /** In a compacted log, skipped records may follow a gap. If the log starts after it, the log was truncated. */
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

  /** Revokes and assigns the partition, so that its task is opened again and detects the gap before its first seek. */
  #reopen(owned: OwnedPartition, fetched: number): void {
    const { topic, partition, next } = owned;
    const fields = { topic, partition, next, fetched };
    this.#log.warn(fields, "offset out of range; reopening partition");
    this.#owned.remove(owned);
    this.#listener.assigned(this.#owned.list());
    this.#owned.add(owned);
    this.#listener.assigned(this.#owned.list());
  }
}
