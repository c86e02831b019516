/** The port for time: the system clock, or a virtual one in tests. */
export interface Clock {
  /** Milliseconds since 1970, UTC. Monotonic: it does not follow when the machine's clock is set. */
  now(): number;
  /** Resolves after `ms` milliseconds or when `signal` is aborted; never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The system time at the start of the process. Time is counted from there, so no wait is longer or shorter than asked. */
const STARTED = Date.now() - performance.now();

export const systemClock: Clock = {
  now: () => Math.round(STARTED + performance.now()),
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
