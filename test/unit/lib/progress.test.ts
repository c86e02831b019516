import { suite } from "uvu";
import * as assert from "uvu/assert";
import { noopLogger } from "../../../src/lib/logger.ts";
import { besideProgress, Progress, type Terminal } from "../../../src/lib/progress.ts";
import type { Step } from "../../../src/lib/progress-text.ts";
import { RestoreProgressDisplay } from "../../../src/task/restore-progress.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";

const s = suite("lib: progress");

type Line = { readonly fields: object; readonly text: string };

/** What a reader of a terminal sees, line by line; the last is the one the cursor is in. */
class Screen implements Terminal {
  readonly isTTY = true;
  readonly columns: number;
  #text = "";

  constructor(columns = 200) {
    this.columns = columns;
  }

  write(text: string): void {
    this.#text += text;
  }

  get lines(): readonly string[] {
    return this.#text.split("\n").map((line) => line.split("\r\u001b[K").at(-1) ?? "");
  }

  /** Every text that was ever seen, in its order. */
  get drawn(): readonly string[] {
    return this.#text.split("\r\u001b[K").filter((text) => text !== "");
  }

  get line(): string {
    return this.lines.at(-1) ?? "";
  }
}

function work() {
  const clock = new VirtualClock();
  const lines: Line[] = [];
  const logger = {
    ...noopLogger,
    info: (fields: object, text: string) => lines.push({ fields, text }),
  };
  const current = { step: null as Step | null };
  return { clock, lines, logger, current, read: () => current.step };
}

/** 100 lines of 10 bytes each, a second. */
const afterSeconds = (seconds: number, total: number | null = 10_000): Step => ({
  done: seconds * 1_000,
  total,
  counts: { lines: seconds * 100, delivered: seconds },
});

s("should be one line with bar, rate and remaining time on a terminal", async () => {
  const { clock, logger, lines, current, read } = work();
  const terminal = new Screen();
  const progress = new Progress("replay", read, { clock, logger, terminal });
  progress.start();
  for (let second = 0; second <= 5; second += 1) {
    current.step = afterSeconds(second);
    await clock.advance(1_000);
  }
  const bar = "█".repeat(12) + "░".repeat(12);
  assert.match(terminal.line, `replay ${bar} 50 %  500 lines, `);
  // By what was read within the last seconds: 100 lines and a tenth of the whole each second.
  const [, rate, left] = / (\d+) a second, 5 delivered {2}(\d+)s left$/.exec(terminal.line) ?? [];
  assert.ok(Math.abs(Number(rate) - 100) <= 20, terminal.line);
  assert.ok(Math.abs(Number(left) - 5) <= 1, terminal.line);
  assert.is(terminal.lines.length, 1);
  progress.end();
  assert.is(terminal.line, "");
  assert.equal(lines, []);
  assert.is(clock.sleeping, 0);
});

s("should have no bar and no remaining time if the total is unknown", async () => {
  const { clock, logger, current, read } = work();
  const terminal = new Screen();
  const progress = new Progress("replay", read, { clock, logger, terminal });
  progress.start();
  for (let second = 0; second <= 2; second += 1) {
    current.step = afterSeconds(second, null);
    await clock.advance(1_000);
  }
  assert.match(terminal.line, /^replay 200 lines, \d+ a second, 2 delivered$/);
  progress.end();
});

s(
  "should show nothing for operations shorter than a second, nor before the first step",
  async () => {
    const { clock, logger, current, read } = work();
    const terminal = new Screen();
    current.step = afterSeconds(0);
    const short = new Progress("replay", read, { clock, logger, terminal });
    short.start();
    await clock.advance(900);
    short.end();
    current.step = null;
    const unknown = new Progress("record", read, { clock, logger, terminal });
    unknown.start();
    await clock.advance(5_000);
    unknown.end();
    assert.equal(terminal.drawn, []);
  },
);

s("should not be wider than the terminal, where it could not be redrawn", async () => {
  const { clock, logger, current, read } = work();
  const terminal = new Screen(30);
  current.step = afterSeconds(3);
  const progress = new Progress("replay", read, { clock, logger, terminal });
  progress.start();
  await clock.advance(1_500);
  assert.is(terminal.line.length, 29);
  progress.end();
});

s("should be a log line every ten seconds without a terminal", async () => {
  const { clock, logger, lines, current, read } = work();
  let written = "";
  const terminal = {
    write: (text: string) => {
      written += text;
    },
  };
  const progress = new Progress("replay", read, { clock, logger, terminal });
  progress.start();
  for (let second = 0; second < 25; second += 1) {
    current.step = afterSeconds(second, 50_000);
    await clock.advance(1_000);
  }
  progress.end();
  await clock.advance(20_000);
  assert.is(written, "");
  assert.equal(
    lines.map(({ text }) => text),
    ["replay", "replay"],
  );
  const fields = lines[1]?.fields;
  // Of the second that ends then nothing is known yet.
  assert.equal(fields, {
    ...{ lines: 1_900, delivered: 19, done: 19_000, total: 50_000, perSecond: 100, left_s: 31 },
  });
});

s("should have the rate of the last seconds", async () => {
  const { clock, logger, lines, current, read } = work();
  const progress = new Progress("replay", read, { clock, logger, terminal: { write: () => {} } });
  progress.start();
  // A minute of an outage, then ten times as fast.
  current.step = afterSeconds(0, 1_000_000);
  await clock.advance(60_000);
  assert.equal(lines.at(-1)?.fields, {
    ...{ lines: 0, delivered: 0, done: 0, total: 1_000_000, perSecond: 0, left_s: null },
  });
  for (let second = 0; second < 30; second += 1) {
    current.step = afterSeconds(second * 10, 1_000_000);
    await clock.advance(1_000);
  }
  const { fields = {} } = lines.at(-1) ?? {};
  assert.equal(fields, { ...fields, perSecond: 1_000 });
  progress.end();
});

s("should keep log lines on their own lines", () => {
  const terminal = new Screen();
  terminal.write("replay half");
  const print = (_: object, text: string) => terminal.write(`${text}\n`);
  const logger = { debug: print, info: print, warn: print, error: print };
  besideProgress(logger, terminal).warn({}, "something happened");
  assert.equal(terminal.lines, ["something happened", ""]);
  assert.is(besideProgress(logger, { write: () => {} }), logger);
});

s("should show the last one started of two on one terminal, then the first again", async () => {
  const { clock, logger, current, read } = work();
  const terminal = new Screen();
  current.step = afterSeconds(1);
  const first = new Progress("redrive", read, { clock, logger, terminal });
  first.start();
  const second = new Progress("restoring", read, { clock, logger, terminal });
  second.start();
  await clock.advance(1_500);
  assert.match(terminal.line, /^restoring /);
  for (const text of terminal.drawn) assert.match(text, /^restoring /);
  second.end();
  await clock.advance(200);
  assert.match(terminal.line, /^redrive /);
  first.end();
});

s("should be one progress for several partitions restored in parallel", async () => {
  const { clock, logger, lines } = work();
  const shown = new RestoreProgressDisplay({ clock, logger, terminal: { write: () => {} } });
  shown.update("a/0", { done: 10, total: 100 });
  shown.update("a/1", { done: 0, total: 300 });
  await clock.advance(5_000);
  shown.update("a/0", { done: 100, total: 100 });
  shown.ended("a/0");
  shown.update("a/1", { done: 100, total: 300 });
  await clock.advance(5_000);
  const [line] = lines;
  const expected = { ...line?.fields, done: 200, total: 400 };
  assert.equal(line, { fields: expected, text: "restoring" });
  shown.ended("a/1");
  assert.is(clock.sleeping, 0);
});

s.run();
