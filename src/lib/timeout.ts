import type { Clock } from "./clock.ts";

/**
 * Waits for `work`, at most `ms` and until `signal` is aborted.
 * @returns its value, or `null` if it was not done by then; rejects if it rejected by then
 */
export async function withTimeout<T>(
  ms: number,
  clock: Clock,
  work: Promise<T>,
  signal?: AbortSignal,
): Promise<{ readonly value: T } | null> {
  const done = new AbortController();
  const settled = work.then(
    (value) => ({ value }),
    (error) => {
      // The caller has left, and an unhandled rejection would end the process.
      if (done.signal.aborted) return null;
      throw error;
    },
  );
  const stop = signal ? AbortSignal.any([signal, done.signal]) : done.signal;
  try {
    return await Promise.race([settled, clock.sleep(ms, stop).then(() => null)]);
  } finally {
    done.abort();
  }
}
