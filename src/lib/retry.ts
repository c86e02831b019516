import type { Clock } from "./clock.ts";
import { CdcError } from "./errors.ts";

const FIRST_MS = 200;
const LONGEST_MS = 30_000;

/**
 * How long to wait before the next attempt: exponential, its upper half random, so that clients that failed together do
 * not retry together. `attempt` counts from 0, `random` is in [0, 1).
 */
export function backoff_ms(attempt: number, random: number = Math.random()): number {
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 20));
  return ceiling * (0.5 + random / 2);
}

export type RetryOptions = {
  readonly clock: Clock;
  /** Once aborted, the next failure is thrown and no wait is finished. */
  readonly signal?: AbortSignal;
  /** Default: everything but a CdcError, which says itself what happens next. */
  readonly isRetryable?: (error: unknown) => boolean;
  /** Called before each wait; `attempt` counts from 0. */
  readonly onRetry?: (error: unknown, attempt: number) => void;
};

/** Repeats `work` with a back-off until it succeeds. Rejects with its error when that is not retryable or the signal is aborted. */
export async function retry<T>(
  work: () => Promise<T>,
  { clock, signal, isRetryable = isUndeclared, onRetry }: RetryOptions,
): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (signal?.aborted || !isRetryable(error)) throw error;
      onRetry?.(error, attempt);
      await clock.sleep(backoff_ms(attempt), signal);
    }
  }
}

function isUndeclared(error: unknown): boolean {
  return !(error instanceof CdcError);
}
