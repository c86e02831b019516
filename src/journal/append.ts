import { backoff_ms } from "../lib/backoff.ts";
import type { Clock } from "../lib/clock.ts";
import { CdcError, messageOf } from "../lib/errors.ts";
import type { Logger } from "../lib/logger.ts";
import type { Journal, JournalEntry } from "./journal.ts";

export type AppendOptions = {
  readonly clock: Clock;
  readonly logger: Logger;
  /** What is appended, for the log line. */
  readonly what: string;
  readonly stop?: AbortSignal;
};

/**
 * Appends until it is done: a log that is away comes back.
 * Rejects where no repetition helps (a CdcError), and with the last failure once `stop` is aborted.
 */
export async function append(
  log: Journal,
  entries: readonly JournalEntry[],
  { clock, logger, what, stop }: AppendOptions,
): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await log.append(entries);
    } catch (error) {
      if (error instanceof CdcError || stop?.aborted) throw error;
      const reason = messageOf(error);
      logger.warn({ attempt, reason }, `${what} could not be written; it is tried again`);
      await clock.sleep(backoff_ms(attempt), stop);
    }
  }
}
