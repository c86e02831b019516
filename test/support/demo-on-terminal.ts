import { type ChildProcess, spawn } from "node:child_process";

const MAIN = new URL("../../src/main.ts", import.meta.url).pathname;

/** A demo on a terminal (`script` of util-linux), until Ctrl+C. */
export class DemoOnTerminal {
  readonly #child: ChildProcess;
  readonly ended: Promise<number | null>;
  /** Everything the terminal has received. */
  output = "";

  /** @param program what is `cdc-to-segment` */
  constructor(program: readonly string[] = [process.execPath, MAIN]) {
    const quoted = program.map((word) => `'${word}'`).join(" ");
    const command = `stty cols 140 && exec ${quoted} demo`;
    this.#child = spawn("script", ["-qec", command, "/dev/null"], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#child.stdout?.setEncoding("utf8").on("data", (text) => {
      this.output += text;
    });
    this.ended = new Promise((resolve, reject) => {
      this.#child.once("error", reject);
      this.#child.once("close", resolve);
    });
  }

  /** Waits for output that matches; returns the first group. @throws if the demo ends first, or after a minute */
  async waitFor(pattern: RegExp): Promise<string> {
    const deadline = Date.now() + 60_000;
    while (this.#child.exitCode === null && Date.now() < deadline) {
      const [, found] = pattern.exec(this.output) ?? [];
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`the demo did not print ${pattern}: ${this.output}`);
  }

  page(): Promise<string> {
    return this.waitFor(/Status page: \S*?(http:\/\/[\d.:]+\/)/);
  }

  /** @returns the exit code */
  pressCtrlC(): Promise<number | null> {
    this.#child.stdin?.write("\u0003");
    return this.ended;
  }
}
