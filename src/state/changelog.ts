import type { TopicPartition } from "../data/record.ts";
import type { StoreEntry } from "./store.ts";

/** What tasks have written to their stores, in a log that outlives the machine: one partition for each task. */
export interface Changelog {
  /**
   * Takes the partition over. Whoever had it before can append no more, so that what is read from now on stays.
   * Rejects with CHANGELOG_UNFIT where the topic is not what it has to be.
   */
  own(tp: TopicPartition): Promise<OwnedChangelog>;
  close(): Promise<void>;
}

export interface OwnedChangelog {
  /** The first offset held, and the one below which lies what earlier owners left. */
  readonly range: { readonly start: number; readonly end: number };
  /** Everything from `from` up to the range's end, in order. */
  read(from: number): AsyncIterable<ChangelogChunk>;
  /**
   * Appends all or nothing. Tries until it is done or released.
   * @returns the offset that follows; rejects with FENCED where another owner has taken over
   */
  append(entries: readonly StoreEntry[]): Promise<number>;
  /** Gives it back; what is being appended is given up. */
  release(): Promise<void>;
}

export type ChangelogChunk = {
  readonly entries: readonly StoreEntry[];
  /** The offset that follows. */
  readonly next: number;
  /** The partition was added to its topic after the pipeline had begun with it. */
  readonly isAdded: boolean;
};
