import type { Clock } from "./clock.ts";
import type { Logger } from "./logger.ts";
import { type Pace, paceOf, type Step, stepText } from "./progress-text.ts";

/** Where people read: stderr, of which a line can be rewritten where it is a terminal. */
export type Terminal = {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
};

export type ProgressOptions = {
  readonly clock: Clock;
  /** Takes a line every ten seconds where there is no terminal. */
  readonly logger: Logger;
  readonly terminal?: Terminal;
};

/** Shorter work than this shows nothing on a terminal. */
const SHORT_MS = 1_000;
const REDRAW_MS = 100;
const LINE_MS = 10_000;

/** The rate is that of the last seconds: an outage, or a part that was done before, says nothing of the time left. */
const RATE_OVER_MS = 15_000;
const SAMPLE_MS = 1_000;

/** Those under way: of several on one terminal the last begun has the line. */
const shown: Progress[] = [];

/** Back to the first column, and the line is empty. */
const CLEAR = "\r\u001b[K";

/**
 * Shows how far a long work has come, from `start` to `end`: on a terminal one line that rewrites itself, elsewhere
 * a log line every ten seconds.
 */
export class Progress {
  readonly #title: string;
  readonly #read: () => Step | null;
  readonly #options: ProgressOptions;
  readonly #over = new AbortController();
  readonly #samples: { readonly at: number; readonly step: Step }[] = [];

  /** @param read how far it has come by now; `null` while nobody knows */
  constructor(title: string, read: () => Step | null, options: ProgressOptions) {
    this.#title = title;
    this.#read = read;
    this.#options = options;
  }

  /** Shows it until `end`. */
  start(): void {
    shown.push(this);
    void this.#show();
  }

  /** Nothing more is shown, and the terminal's line is free. */
  end(): void {
    if (this.#over.signal.aborted) return;
    this.#over.abort();
    shown.splice(shown.indexOf(this), 1);
    clearLine(this.#terminal);
  }

  get #terminal(): Terminal {
    return this.#options.terminal ?? process.stderr;
  }

  async #show(): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#over;
    const { isTTY } = this.#terminal;
    const startedTime = clock.now();
    let said = startedTime;
    while (!signal.aborted) {
      const step = this.#read();
      const now = clock.now();
      const pace = step && this.#pace(step, now);
      if (step && pace && isTTY && now - startedTime >= SHORT_MS) this.#draw(step, pace);
      if (step && pace && !isTTY && now - said >= LINE_MS) {
        said = now;
        this.#log(step, pace);
      }
      await clock.sleep(isTTY ? REDRAW_MS : SAMPLE_MS, signal);
    }
  }

  #pace(step: Step, now: number): Pace {
    const samples = this.#samples;
    const last = samples.at(-1);
    if (!last || now - last.at >= SAMPLE_MS) samples.push({ at: now, step });
    while (samples.length > 2 && now - (samples[1]?.at ?? now) >= RATE_OVER_MS) samples.shift();
    const [first = { at: now, step }] = samples;
    return paceOf(first.step, step, now - first.at);
  }

  #draw(step: Step, pace: Pace): void {
    if (shown.at(-1) !== this) return;
    const text = `${this.#title} ${stepText(step, pace)}`;
    // A line that wraps cannot be rewritten.
    this.#terminal.write(`${CLEAR}${text.slice(0, (this.#terminal.columns || 80) - 1)}`);
  }

  #log({ done, total, counts }: Step, { perSecond, left_s }: Pace): void {
    const fields = { ...counts, done, total, perSecond, left_s };
    this.#options.logger.info(fields, this.#title);
  }
}

/** Takes a line that rewrites itself away before something else is written. */
export function clearLine(terminal: Terminal = process.stderr): void {
  if (terminal.isTTY) terminal.write(CLEAR);
}

/** The same log, whose lines do not begin behind one that rewrites itself. */
export function besideProgress(logger: Logger, terminal: Terminal = process.stderr): Logger {
  if (!terminal.isTTY) return logger;
  const cleared = (level: keyof Logger) => (fields: object, text: string) => {
    clearLine(terminal);
    logger[level](fields, text);
  };
  return {
    debug: cleared("debug"),
    info: cleared("info"),
    warn: cleared("warn"),
    error: cleared("error"),
  };
}
