import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp } from "node:fs/promises";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startTimeOf } from "./process.ts";

/**
 * Makes sure that nothing remains after a stack ends: no process, no file.
 *
 * A helper process holds the other end of a pipe. When this process ends the stack, or ends itself, or
 * is killed with SIGKILL, the pipe closes; the helper then stops every registered process and
 * removes the directory. There is one way to stop, so every test run tests it.
 */
export interface StallDetector {
  /** The stack's temporary directory: data, logs, Java's temporary files. */
  readonly directory: string;
  /** Stops this child with `signal` at the end; the last one watched is stopped first. */
  watch(child: ChildProcess, signal: NodeJS.Signals): void;
  /** Resolves when every registered process has ended and the directory is removed. */
  close(): Promise<void>;
}

export async function startWatchdog(): Promise<StallDetector> {
  const directory = await mkdtemp(join(tmpdir(), "cdc-to-segment-stack-"));
  // PostgreSQL runs as another user when we are root, and needs access to its directory in here.
  await chmod(directory, 0o711);
  const helper = spawn(
    process.execPath,
    [fileURLToPath(new URL("watchdog-process.ts", import.meta.url)), directory],
    // Detached: Ctrl-C in a terminal goes to the whole group, and this one has work to do then.
    { detached: true, stdio: ["pipe", "ignore", "ignore"] },
  );
  const ended = once(helper, "exit");
  let closed = false;
  helper.stdin.on("error", () => {});
  // Neither the helper nor its pipe keeps this process alive: a test that forgets to stop its stack
  // still ends, and the stack with it.
  helper.unref();
  (helper.stdin as Socket).unref();

  return {
    directory,
    watch(child, signal) {
      if (child.pid === undefined) return; // it did not start; its "error" event says why
      if (closed) {
        child.kill("SIGKILL");
        throw new Error("the stack has been stopped; it starts nothing more");
      }
      helper.stdin.write(`${child.pid} ${startTimeOf(child.pid)} ${signal}\n`);
    },
    async close() {
      closed = true;
      helper.ref();
      helper.stdin.end();
      await ended;
    },
  };
}
