import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { MockSegment } from "../../src/cli/demo/mock-segment.ts";
import { startStack } from "../stack/stack.ts";
import { generator } from "../support/changes.ts";
import { faults } from "./faults.ts";
import { Feed } from "./feed.ts";
import { Machine } from "./machine.ts";
import { type Outcome, outcomeOf } from "./outcome.ts";
import { Progress } from "./progress.ts";
import type { Step } from "./script.ts";
import { NAME, writeConfig } from "./settings.ts";
import { type Done, Storm } from "./storm.ts";

const MACHINES = ["one", "two", "three"];

/** All is to have arrived this long after the last fault. */
const SETTLES_WITHIN_MS = 240_000;

/** Time for messages that must not come: longer than the slowest response of the mock Segment server. */
const QUIET_MS = 4_000;

export type Chaos = {
  readonly seed: number;
  readonly records: number;
  readonly keys: number;
  readonly perSecond: number;
  readonly script: (random: () => number) => readonly Step[];
  readonly log?: (text: string) => void;
};

export type Result = {
  readonly seed: number;
  readonly records: number;
  readonly outcome: Outcome;
  readonly done: Done;
  readonly repeated: number;
  readonly requests: number;
  readonly rebalances: number;
  readonly worst_ms: number;
  readonly seconds: number;
  /** Processes that ended without being stopped, or stopped with an exit code other than 0. */
  readonly ends: readonly string[];
  /** The directory with the log of every process; set if something is wrong or with CHAOS_RETAIN=1. */
  readonly directory: string | null;
  /** Nothing was lost, doubled or out of order. */
  readonly isRight: boolean;
};

/** One storm over a stream of changes, from the first start to the last stop. */
export async function chaos(options: Chaos): Promise<Result> {
  const { seed, records, keys, perSecond, script, log = () => {} } = options;
  const random = generator(seed);
  const directory = mkdtempSync(join(tmpdir(), "chaos-"));
  const started = Date.now();
  const stack = await startStack({ kafka: true });
  const mockSegment = await MockSegment.start({ faultFor: faults(generator(seed + 1)) });
  const { kafka: broker } = stack;
  const addresses = { brokers: broker.brokers, segment: mockSegment.url };
  const machines = MACHINES.map((name) => new Machine(directory, name, addresses));
  const feed = new Feed(broker.brokers, { records, keys, seed, perSecond });
  let progress: Progress | undefined;
  try {
    writeConfig(join(directory, "preview.json"), join(directory, "none"), addresses);
    const expected = await feed.expected(
      join(directory, "preview.json"),
      join(directory, "feed.ndjson"),
    );
    await feed.createTopic();
    log(`seed ${seed}: ${feed.records} records worth ${expected.length} messages; ${directory}`);
    const [first] = machines as [Machine];
    first.start();
    // Records that are in the topic before the first start are initial results.
    while (!first.hasStarted) await sleep(50);

    const due = () => feed.time;
    progress = new Progress(expected, mockSegment, due, () => storm.isUp, log);
    const storm = new Storm({ broker, machines, feed, progress, random, log });
    await Promise.all([feed.produce(), storm.run(script(random))]);
    log("the storm is over");
    const deadline = Date.now() + SETTLES_WITHIN_MS;
    while (progress.left > 0 && Date.now() < deadline) await sleep(200);
    await sleep(QUIET_MS);
    for (const machine of machines.filter(({ isOn }) => isOn)) {
      const code = await machine.stop();
      if (code !== 0) storm.done.badStops.push(`${machine.name}: ${code}`);
    }
    const outcome = outcomeOf(expected, mockSegment.accepted);
    const isRight = outcome.lost.length + outcome.doubled.length + outcome.outOfOrder.length === 0;
    const ends = [...storm.done.badStops, ...machines.flatMap(({ ends }) => ends)];
    const isClean = isRight && ends.length === 0 && !process.env.CHAOS_RETAIN;
    if (isClean) rmSync(directory, { recursive: true });
    return {
      ...{ seed, records: feed.records, outcome, done: storm.done },
      repeated: mockSegment.dropped.repeated,
      requests: mockSegment.requests,
      rebalances: generationsOf(readFileSync(broker.logFile, "utf8")),
      worst_ms: progress.worst_ms,
      seconds: Math.round((Date.now() - started) / 1_000),
      ends,
      directory: isClean ? null : directory,
      isRight,
    };
  } finally {
    feed.stop();
    progress?.stop();
    await Promise.all(machines.map((machine) => machine.kill()));
    await mockSegment.stop();
    await stack.stop();
  }
}

/** How often the group was shared out anew, as its coordinator tells it. */
function generationsOf(log: string): number {
  return [...log.matchAll(/Stabilized group (\S+) generation \d+/g)].filter(
    ([, group]) => group === NAME,
  ).length;
}
