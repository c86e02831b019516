import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface, type Interface } from "node:readline";
import type { Readable } from "node:stream";
import type { StallDetector } from "../stack/watchdog.ts";

/** Linux counts processor time in these, whatever the kernel's own tick is. */
const TICKS_A_SECOND = 100;

/** A process of the benchmark, Node.js by default. It ends when the benchmark ends, in whatever way. */
export class Child {
  readonly #process: ChildProcess;
  readonly #ended: Promise<unknown>;
  /** What it wrote on standard error, a line each. */
  readonly lines: Interface;

  constructor(watchdog: StallDetector, args: readonly string[], program = process.execPath) {
    this.#process = spawn(program, args, { stdio: ["ignore", "ignore", "pipe", "ipc"] });
    watchdog.watch(this.#process, "SIGKILL");
    this.#ended = once(this.#process, "exit");
    this.lines = createInterface({ input: this.#process.stderr as Readable });
  }

  /** Calls back with each object that it sends. */
  onMessage(take: (message: { readonly [name: string]: unknown }) => void): void {
    this.#process.on("message", take);
  }

  /** Rejects when the process ends, with the last of what it wrote. */
  failure(): Promise<never> {
    const last: string[] = [];
    this.lines.on("line", (line) => last.push(line) > 20 && last.shift());
    return this.#ended.then(() => {
      const { exitCode, signalCode } = this.#process;
      throw new Error(`a peer ended (${signalCode ?? exitCode}) early:\n${last.join("\n")}`);
    });
  }

  /** Ends it in good order and resolves when it has ended. */
  async stop(): Promise<void> {
    this.#process.kill("SIGTERM");
    await this.#ended;
  }

  /** Seconds of processor time that it took so far, all its threads together. */
  cpuSeconds(): number {
    const stat = readFileSync(`/proc/${this.#process.pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
  }

  /** The most memory that it had at once, in MB. */
  peakMegabytes(): number {
    const status = readFileSync(`/proc/${this.#process.pid}/status`, "utf8");
    return (Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) * 1_024) / 1e6;
  }
}
