import type { TopicPartition } from "../data/record.ts";
import type { LogRange, Source } from "./source.ts";

/** One partition of a source, as its task uses it. */
export class SourcePartition {
  readonly #source: Source;
  readonly #tp: TopicPartition;

  constructor(source: Source, tp: TopicPartition) {
    this.#source = source;
    this.#tp = tp;
  }

  /** Delivers no more records until `resume`. Records already on their way may still arrive. */
  pause(): void {
    this.#source.pause(this.#tp);
  }

  resume(): void {
    this.#source.resume(this.#tp);
  }

  /** The next record delivered is the first at or after `offset`. */
  seek(offset: number): void {
    this.#source.seek(this.#tp, offset);
  }

  /** Commits the group offset. Only lag tools and the next owner read it: the stored offset is the truth. */
  commit(next: number): Promise<void> {
    return this.#source.commit(this.#tp, next);
  }

  /** The offsets in the partition's log; `null` for a recorded file. */
  range(): Promise<LogRange | null> {
    return this.#source.range(this.#tp);
  }

  /** The current end of the partition's log; `null` for a recorded file. */
  async end(): Promise<number | null> {
    return (await this.range())?.end ?? null;
  }

  /** All partitions of the topic, this one included. */
  siblings(): Promise<readonly number[]> {
    return this.#source.partitions(this.#tp.topic);
  }
}
