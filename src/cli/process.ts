import { CdcError } from "../lib/errors.ts";

/**
 * A signal that is aborted by SIGTERM or SIGINT: the clean end. A second one ends the process at once, which is safe
 * too: the next start goes on from the stored positions.
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

/** 2 where the configuration or the arguments are wrong, and nothing was read; 1 for every other error. */
export function exitCodeOf(error: unknown): 1 | 2 {
  return error instanceof CdcError && error.consequence === "usage" ? 2 : 1;
}

/** Ends the process when whoever reads its stdout has left, as `head` does; `clean` is done before. */
export function endWithReader(clean: () => void = () => {}): void {
  process.stdout.once("error", (error: NodeJS.ErrnoException) => {
    clean();
    if (error.code !== "EPIPE")
      process.stderr.write(`stdout cannot be written: ${error.message}\n`);
    process.exit(error.code === "EPIPE" ? 0 : 1);
  });
}
