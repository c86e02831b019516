import { CdcError } from "../lib/errors.ts";

/**
 * Aborted by SIGTERM or SIGINT, for an orderly stop. A second signal ends the process at once, which is safe: the next
 * start continues at the stored offsets.
 */
export function stopSignal(): AbortSignal {
  const stop = new AbortController();
  const onSignal = (name: NodeJS.Signals) => {
    if (stop.signal.aborted) process.exit(name === "SIGINT" ? 130 : 143);
    stop.abort();
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
  return stop.signal;
}

/** 2 if settings or arguments are wrong and nothing was read; 1 for every other error. */
export function exitCodeOf(error: unknown): 1 | 2 {
  return error instanceof CdcError && error.consequence === "usage" ? 2 : 1;
}

/** Ends the process when the reader of its stdout has exited, as `head` does; calls `clean` before. */
export function endWithReader(clean: () => void = () => {}): void {
  process.stdout.once("error", (error: NodeJS.ErrnoException) => {
    clean();
    if (error.code !== "EPIPE")
      process.stderr.write(`stdout cannot be written: ${error.message}\n`);
    process.exit(error.code === "EPIPE" ? 0 : 1);
  });
}
