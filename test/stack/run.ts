import { spawn } from "node:child_process";
import type { StallDetector } from "./watchdog.ts";

export interface RunOptions {
  /** Text for standard input; without it the command reads nothing. */
  input?: string;
  /** Added to this process' own environment. */
  env?: Record<string, string>;
  cwd?: string;
  /** Run as another user; needs root. */
  user?: User;
  /** Ends the command should this process die meanwhile. */
  watchdog?: StallDetector;
}

export interface User {
  uid: number;
  gid: number;
}

/**
 * Runs a command to its end and resolves to what it wrote on standard output.
 * Rejects with the command, its exit code and the end of its output when that code is not 0.
 */
export function run(command: string, args: string[], options: RunOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      ...options.user,
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ["pipe", "pipe", "pipe"],
    });
    options.watchdog?.watch(child, "SIGTERM");
    let stdout = "";
    let all = "";
    child.stdout.setEncoding("utf8").on("data", (text) => {
      stdout += text;
      all += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text) => {
      all += text;
    });
    child.on("error", (cause) => reject(new Error(`cannot run ${command}`, { cause })));
    child.on("close", (code, signal) => {
      if (code === 0) return resolve(stdout);
      const words = [command, ...args].join(" ").slice(0, 300);
      reject(new Error(`${words} ended with ${signal ?? `exit code ${code}`}:\n${lastLines(all)}`));
    });
    // A command that ends before it has read its input says why by its exit code, not by EPIPE here.
    child.stdin.on("error", () => {});
    child.stdin.end(options.input ?? "");
  });
}

export function lastLines(text: string, count = 30): string {
  return text.trimEnd().split("\n").slice(-count).join("\n");
}
