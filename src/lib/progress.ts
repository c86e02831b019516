import type { Clock } from "./clock.ts";
import type { Logger } from "./logger.ts";
import { type Pace, paceOf, type Step, stepText } from "./progress-text.ts";

/** stderr; on a terminal a line can be redrawn. */
export type Terminal = {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
};

export type ProgressOptions = {
  readonly clock: Clock;
  /** Without a terminal it gets a line every ten seconds. */
  readonly logger: Logger;
  readonly terminal?: Terminal;
};

/** Shorter operations show nothing on a terminal. */
const SHORT_MS = 1_000;
const REDRAW_MS = 100;
const LINE_MS = 10_000;

/** The rate is that of the last seconds, so that an outage or a part done earlier does not distort the remaining time. */
const RATE_OVER_MS = 15_000;
const SAMPLE_MS = 1_000;

/** Running progresses: of several on one terminal, the last one started has the line. */
const shown: Progress[] = [];

/** Moves to the first column and clears the line. */
const CLEAR = "\r\u001b[K";

/** Shows the progress of a long operation until `end`: one redrawn line on a terminal, otherwise a log line every ten seconds. */
export class Progress {
  readonly #title: string;
  readonly #read: () => Step | null;
  readonly #options: ProgressOptions;
  readonly #ended = new AbortController();
  readonly #samples: { readonly time: number; readonly step: Step }[] = [];

  /** @param read the current step; `null` while it is unknown */
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

  /** Stops showing it and clears the line. */
  end(): void {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort();
    shown.splice(shown.indexOf(this), 1);
    clearLine(this.#terminal);
  }

  get #terminal(): Terminal {
    return this.#options.terminal ?? process.stderr;
  }

  async #show(): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#ended;
    const { isTTY } = this.#terminal;
    const startedTime = clock.now();
    let loggedTime = startedTime;
    while (!signal.aborted) {
      const step = this.#read();
      const now = clock.now();
      const pace = step && this.#pace(step, now);
      if (step && pace && isTTY && now - startedTime >= SHORT_MS) this.#draw(step, pace);
      if (step && pace && !isTTY && now - loggedTime >= LINE_MS) {
        loggedTime = now;
        this.#log(step, pace);
      }
      await clock.sleep(isTTY ? REDRAW_MS : SAMPLE_MS, signal);
    }
  }

  #pace(step: Step, now: number): Pace {
    const samples = this.#samples;
    const last = samples.at(-1);
    if (!last || now - last.time >= SAMPLE_MS) samples.push({ time: now, step });
    while (samples.length > 2 && now - (samples[1]?.time ?? now) >= RATE_OVER_MS) samples.shift();
    const [first = { time: now, step }] = samples;
    return paceOf(first.step, step, now - first.time);
  }

  #draw(step: Step, pace: Pace): void {
    if (shown.at(-1) !== this) return;
    const text = `${this.#title} ${stepText(step, pace)}`;
    // A line that wraps cannot be redrawn.
    this.#terminal.write(`${CLEAR}${text.slice(0, (this.#terminal.columns || 80) - 1)}`);
  }

  #log({ done, total, counts }: Step, { perSecond, left_s }: Pace): void {
    const fields = { ...counts, done, total, perSecond, left_s };
    this.#options.logger.info(fields, this.#title);
  }
}

/** Clears the redrawn line before other output. */
export function clearLine(terminal: Terminal = process.stderr): void {
  if (terminal.isTTY) terminal.write(CLEAR);
}

/** The same logger, which clears the redrawn line before each of its lines. */
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
