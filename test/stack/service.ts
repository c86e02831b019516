import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { lastLines, type User } from "./run.ts";
import type { StallDetector } from "./watchdog.ts";

const POLL_MS = 100;
/** Between the first signal and SIGKILL. */
const GRACE_MS = 15_000;

export interface ServiceOptions {
  /** Also the name of its log file. */
  name: string;
  command: string;
  args: string[];
  env?: Record<string, string>;
  user?: User;
  /** Asked every 100 ms; an exception counts as "not yet". `log` is what it wrote since this start. */
  ready(log: () => Promise<string>): Promise<boolean>;
  readyWithinMs: number;
  /** Default SIGTERM. */
  stopSignal?: NodeJS.Signals;
}

/** One server process: started, ready, stopped or killed, and started again. */
export class Service {
  readonly logFile: string;
  readonly #options: ServiceOptions;
  readonly #watchdog: StallDetector;
  #child: ChildProcess | undefined;
  #starts = 0;

  constructor(options: ServiceOptions, watchdog: StallDetector) {
    this.#options = options;
    this.#watchdog = watchdog;
    this.logFile = join(watchdog.directory, `${options.name}.log`);
  }

  get pid(): number | undefined {
    return this.#isRunning() ? this.#child?.pid : undefined;
  }

  /** Resolves once it is ready. Rejects with the end of its log when it ends or is late. */
  async start(): Promise<void> {
    const { name, command, args, env, user, stopSignal, readyWithinMs } = this.#options;
    if (this.#isRunning()) throw new Error(`${name} is running already`);
    const written = this.#starts++ === 0 ? 0 : (await this.#log()).length;
    const log = async () => (await this.#log()).slice(written);
    const output = openSync(this.logFile, "a");
    const child = spawn(command, args, {
      ...user,
      // Its own group: Ctrl-C in a terminal must reach the services in order, through the watchdog.
      detached: true,
      cwd: this.#watchdog.directory,
      env: { ...process.env, ...env },
      stdio: ["ignore", output, output],
    });
    closeSync(output);
    this.#child = child;
    let failure: Error | undefined;
    child.on("error", (error) => {
      failure = error;
    });
    this.#watchdog.watch(child, stopSignal ?? "SIGTERM");
    child.unref();

    const deadline = Date.now() + readyWithinMs;
    while (!(await this.#options.ready(log).catch(() => false))) {
      if (failure) throw new Error(`cannot run ${command} for ${name}`, { cause: failure });
      if (!this.#isRunning()) {
        const how = child.signalCode ?? `exit code ${child.exitCode}`;
        throw new Error(`${name} ended (${how}) before it was ready:\n${lastLines(await log())}`);
      }
      if (Date.now() > deadline) {
        await this.kill();
        const seconds = readyWithinMs / 1_000;
        throw new Error(`${name} was not ready within ${seconds} s:\n${lastLines(await log())}`);
      }
      await sleep(POLL_MS);
    }
  }

  /** An orderly stop; SIGKILL after 15 s. Resolves when the process has ended. */
  async stop(): Promise<void> {
    await this.#end(this.#options.stopSignal ?? "SIGTERM", GRACE_MS);
    await this.kill();
  }

  /** SIGKILL: what a crash looks like to everyone else. Resolves when the process has ended. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL", Number.POSITIVE_INFINITY);
  }

  async #end(signal: NodeJS.Signals, withinMs: number): Promise<void> {
    const deadline = Date.now() + withinMs;
    if (this.#isRunning()) this.#child?.kill(signal);
    while (this.#isRunning() && Date.now() < deadline) await sleep(POLL_MS / 4);
  }

  #isRunning(): boolean {
    const child = this.#child;
    return child?.pid !== undefined && child.exitCode === null && child.signalCode === null;
  }

  #log(): Promise<string> {
    return readFile(this.logFile, "utf8");
  }
}
