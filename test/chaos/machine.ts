import { appendFileSync, cpSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { start } from "../support/command-line.ts";
import { type Addresses, NAME, writeConfig } from "./settings.ts";

/** A process that is to run and has ended is started again after this, as any supervisor does. */
const AGAIN_AFTER_MS = 1_000;

/** A machine with a disk of its own, and what keeps a process of `run` alive on it. */
export class Machine {
  readonly name: string;
  readonly config: string;
  /** The exit codes of processes that ended without being stopped, each with its last line. */
  readonly ends: string[] = [];
  readonly #state: string;
  readonly #copy: string;
  readonly #log: string;
  #service: ReturnType<typeof start> | null = null;
  #wanted = false;
  #frozen = false;

  constructor(directory: string, name: string, addresses: Addresses) {
    this.name = name;
    mkdirSync(join(directory, name));
    this.config = join(directory, name, "config.json");
    this.#state = join(directory, name, "state");
    this.#copy = join(directory, name, "copy");
    this.#log = join(directory, `${name}.log`);
    writeConfig(this.config, this.#state, addresses);
    // Whatever ends the storm ends its processes.
    process.once("exit", () => this.#service?.child.kill("SIGKILL"));
  }

  get isOn(): boolean {
    return this.#wanted;
  }

  get isFrozen(): boolean {
    return this.#frozen;
  }

  /** It has taken its partitions at least once. */
  get hasStarted(): boolean {
    return existsSync(join(this.#state, NAME, "run", "begun.json"));
  }

  start(): void {
    this.#wanted = true;
    if (this.#service === null) this.#spawn();
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** SIGTERM. @returns the exit code */
  async stop(): Promise<number | null> {
    return this.#end("SIGTERM");
  }

  /** SIGSTOP: it lives and does nothing, as on a machine that swaps or is moved. */
  freeze(): void {
    this.#frozen = true;
    this.#service?.child.kill("SIGSTOP");
  }

  thaw(): void {
    this.#frozen = false;
    this.#service?.child.kill("SIGCONT");
  }

  /** The disk is lost. */
  wipe(): void {
    rmSync(this.#state, { recursive: true, force: true });
  }

  /** Keeps a copy of the disk, while nothing runs. */
  backUp(): void {
    rmSync(this.#copy, { recursive: true, force: true });
    if (existsSync(this.#state)) cpSync(this.#state, this.#copy, { recursive: true });
  }

  /** The disk as it was then. */
  putBack(): void {
    this.wipe();
    if (existsSync(this.#copy)) cpSync(this.#copy, this.#state, { recursive: true });
  }

  async #end(signal: "SIGKILL" | "SIGTERM"): Promise<number | null> {
    const service = this.#service;
    this.#wanted = false;
    if (service === null) return null;
    this.#note(signal);
    service.child.kill(signal);
    if (this.#frozen) this.thaw();
    return (await service.ended).code;
  }

  #spawn(): void {
    this.#note("start");
    const service = start(["run", "--config", this.config]);
    this.#service = service;
    service.child.stderr?.on("data", (text) => appendFileSync(this.#log, text));
    void service.ended.then(async ({ code, signal, stderr }) => {
      this.#service = null;
      this.#note(`ended: ${code ?? signal}`);
      if (!this.#wanted) return;
      this.ends.push(`${this.name}: ${code ?? signal}: ${stderr.trim().split("\n").at(-1)}`);
      await sleep(AGAIN_AFTER_MS);
      if (this.#wanted && this.#service === null) this.#spawn();
    });
  }

  #note(what: string): void {
    appendFileSync(this.#log, `${JSON.stringify({ time: Date.now(), chaos: what })}\n`);
  }
}
