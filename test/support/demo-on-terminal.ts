import { type ChildProcess, spawn } from "node:child_process";

const MAIN = new URL("../../src/main.ts", import.meta.url).pathname;

/** A demo on a real terminal, which `script` of util-linux makes, until Ctrl+C is pressed on it. */
export class DemoOnTerminal {
  readonly #child: ChildProcess;
  readonly ended: Promise<number | null>;
  /** All that the terminal was told. */
  shown = "";

  /** @param program what is `cdc-to-segment` */
  constructor(program: readonly string[] = [process.execPath, MAIN]) {
    const quoted = program.map((word) => `'${word}'`).join(" ");
    const command = `stty cols 140 && exec ${quoted} demo`;
    this.#child = spawn("script", ["-qec", command, "/dev/null"], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#child.stdout?.setEncoding("utf8").on("data", (text) => {
      this.shown += text;
    });
    this.ended = new Promise((resolve, reject) => {
      this.#child.once("error", reject);
      this.#child.once("close", resolve);
    });
  }

  /** What `pattern` finds in it, as soon as it stands there. @throws where the demo ends before, or after a minute */
  async detail(pattern: RegExp): Promise<string> {
    const over = Date.now() + 60_000;
    while (this.#child.exitCode === null && Date.now() < over) {
      const [, found] = pattern.exec(this.shown) ?? [];
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`the demo did not say ${pattern}: ${this.shown}`);
  }

  page(): Promise<string> {
    return this.detail(/Watch it at \S*?(http:\/\/[\d.:]+\/)/);
  }

  /** @returns its exit code */
  pressCtrlC(): Promise<number | null> {
    this.#child.stdin?.write("\u0003");
    return this.ended;
  }
}
