import type { Clock } from "../lib/clock.ts";
import { messageOf } from "../lib/errors.ts";
import type { Logger } from "../lib/logger.ts";
import { retry } from "../lib/retry.ts";
import type { Journal, JournalEntry } from "./journal.ts";

export type AppendOptions = {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Names the entries in the log line. */
  readonly what: string;
  readonly stop?: AbortSignal;
};

/** Appends with retries. Rejects with a CdcError, which a retry does not fix, and with the last failure once `stop` is aborted. */
export async function append(
  journal: Journal,
  entries: readonly JournalEntry[],
  { clock, logger, what, stop }: AppendOptions,
): Promise<void> {
  await retry(() => journal.append(entries), {
    clock,
    signal: stop,
    onRetry: (error, attempt) =>
      logger.warn({ attempt, what, reason: messageOf(error) }, "write failed; retrying"),
  });
}
