const FIRST_MS = 200;
const LONGEST_MS = 30_000;

/**
 * How long to wait before something is tried again: exponential, the upper half of it by chance, so that those who
 * failed together do not come back together. `attempt` counts from 0, `random` is in [0, 1).
 */
export function backoff_ms(attempt: number, random: number = Math.random()): number {
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 20));
  return ceiling * (0.5 + random / 2);
}
