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
