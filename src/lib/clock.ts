/** The port for time: real under `run`, virtual where a test moves it. */
export interface Clock {
  /** Milliseconds since 1970, UTC; never goes back, nor jumps when the machine's clock is set. */
  now(): number;
  /** Resolves after `ms` milliseconds, or at once when `signal` is aborted; never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** What the machine's clock said when the process began: from then on time is counted, so that every wait is as long as it says. */
const BEGAN = Date.now() - performance.now();

export const systemClock: Clock = {
  now: () => Math.round(BEGAN + performance.now()),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal?.addEventListener("abort", done, { once: true });
    }),
};
