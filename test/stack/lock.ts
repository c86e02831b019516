import { spawn } from "node:child_process";
import { once } from "node:events";

/**
 * Runs `work` while holding a lock file, one process at a time on this machine. The lock belongs to a
 * small child that ends with us, however we end, so no stale lock is ever left to be guessed about.
 */
export async function withLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  const holder = spawn("flock", [file, "sh", "-c", "echo held; cat >&2"], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  const ended = once(holder, "exit");
  const held = once(holder.stdout, "data");
  try {
    await Promise.race([
      held,
      ended.then(([code]) => Promise.reject(new Error(`flock ${file} ended with ${code}`))),
    ]);
    return await work();
  } finally {
    holder.stdin.end();
    await ended.catch(() => {});
  }
}
