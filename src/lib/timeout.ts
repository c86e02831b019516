import type { Clock } from "./clock.ts";

/** Waits for `work`, at most `ms`. Resolves with whether it was done by then; rejects if it rejected by then. */
export async function withTimeout(
  ms: number,
  clock: Clock,
  work: Promise<unknown>,
): Promise<boolean> {
  const done = new AbortController();
  const settled = work.then(
    () => true,
    (error) => {
      // Too late for anyone to hear of it.
      if (done.signal.aborted) return true;
      throw error;
    },
  );
  try {
    return await Promise.race([settled, clock.sleep(ms, done.signal).then(() => false)]);
  } finally {
    done.abort();
  }
}
