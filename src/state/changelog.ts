import type { TopicPartition } from "../data/record.ts";
import type { StoreEntry } from "./store.ts";

/** The port for the changelog: a compacted copy of the tasks' stores in Kafka, one partition for each task. */
export interface Changelog {
  /**
   * Takes over the partition. The former owner is fenced and cannot append, so that reads see a fixed end.
   * Rejects with CHANGELOG_UNFIT if the topic is not compacted.
   */
  own(tp: TopicPartition): Promise<OwnedChangelog>;
  close(): Promise<void>;
}

export interface OwnedChangelog {
  /** The first offset in the log, and the end of what earlier owners wrote. */
  readonly range: { readonly start: number; readonly end: number };
  /** All entries from `from` to the end of the range, in order. */
  read(from: number): AsyncIterable<ChangelogChunk>;
  /**
   * Appends all entries in one transaction. Retries until it succeeds or the changelog is released.
   * @returns the offset after them; rejects with FENCED if another owner has taken over
   */
  append(entries: readonly StoreEntry[]): Promise<number>;
  /** Releases the partition and aborts a running append. */
  release(): Promise<void>;
}

export type ChangelogChunk = {
  readonly entries: readonly StoreEntry[];
  /** The offset after them. */
  readonly next: number;
  /** The partition was added to its topic after the pipeline had started with it. */
  readonly isAdded: boolean;
};
