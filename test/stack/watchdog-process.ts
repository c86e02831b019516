/**
 * The helper process behind watchdog.ts. Standard input: one line "pid start-time signal" for each
 * process to stop; its end is the sign to do so. Argument: the directory to remove afterwards.
 */
import { rm } from "node:fs/promises";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { startTimeOf } from "./process.ts";

/** Time for an orderly end. The data is thrown away, so this is kept short. */
const GRACE_MS = 5_000;
const POLL_MS = 25;

interface Watched {
  pid: number;
  startTime: number;
  signal: NodeJS.Signals;
}

async function main(directory: string): Promise<void> {
  const watched: Watched[] = [];
  for await (const line of createInterface({ input: process.stdin })) {
    const [pid, startTime, signal] = line.split(" ");
    watched.push({
      pid: Number(pid),
      startTime: Number(startTime),
      signal: signal as NodeJS.Signals,
    });
  }
  // Last in, first out: Connect before the broker it would otherwise wait for.
  for (const one of watched.reverse()) await end(one);
  await rm(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
}

async function end(one: Watched): Promise<void> {
  for (const signal of [one.signal, "SIGKILL"] as const) {
    const deadline = Date.now() + GRACE_MS;
    if (isRunning(one)) kill(one.pid, signal);
    while (isRunning(one) && Date.now() < deadline) await sleep(POLL_MS);
  }
}

function isRunning(one: Watched): boolean {
  return startTimeOf(one.pid) === one.startTime;
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended between the look and the signal.
  }
}

// A signal to the whole process group must not stop this process before its work is done.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});
await main(process.argv[2] ?? "");
