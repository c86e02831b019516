/** How far a long work has come, and of how much (`null` where nobody knows). */
export type Step = {
  readonly done: number;
  readonly total: number | null;
  readonly detail: string;
};

const BAR_WIDTH = 30;
const REDRAW_MS = 100;
const LINE_MS = 10_000;

/** Shows progress on stderr: a bar on a terminal, a line every ten seconds elsewhere. */
export class Progress {
  readonly #title: string;
  readonly #started = Date.now();
  #shown: number;

  constructor(title: string) {
    this.#title = title;
    this.#shown = process.stderr.isTTY ? 0 : Date.now();
  }

  show(step: Step): void {
    const now = Date.now();
    if (now - this.#shown < (process.stderr.isTTY ? REDRAW_MS : LINE_MS)) return;
    this.#shown = now;
    const text = this.#text(step, now);
    process.stderr.write(process.stderr.isTTY ? `\r\u001b[K${text}` : `${text}\n`);
  }

  end(): void {
    if (process.stderr.isTTY && this.#shown > 0) process.stderr.write("\r\u001b[K");
  }

  #text({ done, total, detail }: Step, now: number): string {
    if (total === null || total === 0) return `${this.#title} ${detail}`;
    const part = Math.min(done / total, 1);
    const filled = Math.round(part * BAR_WIDTH);
    const bar = "█".repeat(filled) + "░".repeat(BAR_WIDTH - filled);
    const left = part > 0 ? Math.round(((now - this.#started) * (1 - part)) / part / 1000) : null;
    return `${this.#title} ${bar} ${Math.round(part * 100)} %  ${detail}${left === null ? "" : `  ${left} s left`}`;
  }
}
