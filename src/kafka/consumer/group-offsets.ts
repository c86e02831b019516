import type { Consumer } from "kafkajs";
import { partitionName, type TopicPartition } from "../../data/record.ts";
import type { Clock } from "../../lib/clock.ts";
import { messageOf } from "../../lib/errors.ts";
import type { Logger } from "../../lib/logger.ts";
import { retry } from "../../lib/retry.ts";
import { withTimeout } from "../../lib/timeout.ts";

/** The stored offset is the truth: a checkpoint does not wait longer for the group's. */
const COMMIT_TIMEOUT_MS = 5_000;

/** Longer than one attempt, in which kafkajs retries for 20 s. */
const UNREACHABLE_MS = 30_000;

export type GroupOffsetsOptions = {
  /** The current consumer. */
  readonly consumer: () => Consumer | undefined;
  readonly owns: (tp: TopicPartition) => boolean;
  /** Replaces the consumer: it has not reached the group's coordinator for half a minute. */
  readonly onUnreachable: () => void;
  readonly clock: Clock;
  readonly log: Logger;
};

/**
 * Commits offsets to the group. A commit can fail while the coordinator moves or the group rebalances. It is repeated in
 * the background: without new records there is no later commit, and lag tools would show a lag that does not exist.
 *
 * kafkajs 2.2.4 drops a commit while its consumer ends and reports success, so a commit has succeeded only when the
 * consumer's event confirms it. kafkajs can also hang in a rejoin after the coordinator has moved twice. It then keeps the
 * former coordinator, and each commit fails with NOT_COORDINATOR: only a new consumer finds the present one.
 */
export class GroupOffsets {
  readonly #options: GroupOffsetsOptions;
  /** The last offset of each partition, by `topic/partition`. */
  readonly #latest = new Map<string, number>();
  /** The last offset of each partition that the group has stored. */
  readonly #confirmed = new Map<string, number>();
  readonly #closed = new AbortController();

  constructor(options: GroupOffsetsOptions) {
    this.#options = options;
  }

  /** Resolves after the first attempt, within a timeout. Never rejects. */
  async commit(tp: TopicPartition, offset: number): Promise<void> {
    this.#latest.set(partitionName(tp), offset);
    const first = Promise.withResolvers<void>();
    void this.#repeat(tp, offset, first.resolve);
    await withTimeout(COMMIT_TIMEOUT_MS, this.#options.clock, first.promise);
  }

  /** The group has stored the offset. */
  confirm(tp: TopicPartition, offset: number): void {
    this.#confirmed.set(partitionName(tp), offset);
  }

  /** Ends the retries. */
  close(): void {
    this.#closed.abort();
  }

  async #repeat(tp: TopicPartition, offset: number, onAttempt: () => void): Promise<void> {
    const { consumer, owns, onUnreachable, clock, log } = this.#options;
    const { topic, partition } = tp;
    const name = partitionName(tp);
    const isReplaced = () => this.#latest.get(name) !== offset;
    const attempt = async () => {
      if (isReplaced() || !owns(tp)) return;
      await consumer()?.commitOffsets([{ topic, partition, offset: `${offset}` }]);
      if (this.#confirmed.get(name) !== offset) throw new Error("the consumer dropped the commit");
    };
    // Commits of several partitions fail with the same consumer: only that one is replaced, and once.
    let suspect = consumer();
    const started = clock.now();
    try {
      await retry(attempt, {
        clock,
        signal: this.#closed.signal,
        isRetryable: () => !isReplaced(),
        onRetry: (error) => {
          onAttempt();
          if (suspect && consumer() === suspect && clock.now() - started >= UNREACHABLE_MS) {
            suspect = undefined;
            onUnreachable();
          }
          const fields = { topic, partition, offset, error: messageOf(error) };
          log.debug(fields, "offset commit failed; retrying");
        },
      });
    } catch {
      // A later commit replaces this one, or the source is closed.
    }
    onAttempt();
  }
}
