import { parseSettings } from "../../src/config/read.ts";
import type { Settings } from "../../src/config/settings.ts";
import { recordOf, TOPIC } from "../support/debezium.ts";
import { Cluster } from "./cluster.ts";
import { Dice } from "./dice.ts";
import { makeFaults } from "./faults.ts";
import { History, type Step } from "./history.ts";
import { type Outcome, outcomeOf } from "./outcome.ts";
import { Outside } from "./outside.ts";
import type { SharedLog } from "./shared-log.ts";

export type Scenario = {
  readonly seed: number;
  readonly settings: Settings;
  /** From the step `other settings` on. */
  readonly later: Settings;
  readonly partitions: number;
  readonly history: History;
  /** Steps that are there before anybody starts. */
  readonly before: number;
};

/** Virtual time after which a run that is not over hangs. */
const LIMIT_MS = 7_200_000;
const SETTLED_WITHIN_MS = 1_200_000;
const LONGEST_BACK_OFF_MS = 30_000;

export function scenarioOf(seed: number): Scenario {
  const dice = new Dice(seed, "history");
  const partitions = dice.pick([1, 2, 2, 3, 4]);
  const change = dice.chance(0.3) ? dice.pick(CHANGES) : null;
  const history = new History(dice, partitions, change !== null);
  const { steps } = history;
  const first = steps.findIndex((step) => typeof step === "string");
  const most = first === -1 ? steps.length : first;
  const before = dice.chance(0.5) ? 0 : dice.between(0, Math.min(most, 15));
  const text = settingsOf(dice);
  const later = parse(change === null ? text : change(text));
  return { seed, settings: parse(text), later, partitions, history, before };
}

/** What becomes of the settings: a filter narrowed, widened, a mapping, a user, a sync that comes, and one that goes. */
const CHANGES: readonly ((text: string) => string)[] = [
  (text) => text.replace("row.score > 3", "row.score > 6"),
  (text) => text.replace("row.score > 3", "row.score > 0"),
  (text) => text.replace("traits: [id, uid, email]", "traits: [id, uid, email, score]"),
  (text) => text.replace("[id, uid, email], initialResults", "[id, uid], initialResults"),
  (text) => text.replace("identify, userId: user", "identify, userId: uid"),
  (text) => `${text}\n  late: {model: good, type: track, userId: user, properties: [id, uid],
    initialResults: send, events: {added: Late, changed: Later, removed: Gone}}`,
  (text) => text.slice(0, text.indexOf("\n  audience:")),
];

function parse(text: string): Settings {
  return parseSettings(text, "simulation.yaml", {});
}

function settingsOf(dice: Dice): string {
  const keyChange = dice.chance(0.7)
    ? "keyChange: changed, keyChangeTimeout: 1h"
    : "keyChange: removedAndAdded";
  const limits = dice.chance(0.5)
    ? "limits: {queueRecords: 8, deliveryMessages: 6}"
    : "limits: {queueRecords: 1000}";
  return `
name: shop
segment: {writeKey: secret, linger: ${dice.pick([0, 20])}ms}
checkpoint: {interval: ${dice.pick([200, 1_000, 3_000])}ms, rows: ${dice.pick([2, 5, 20, 10_000])}}
${limits}
models:
  users: {topic: ${TOPIC}, ${keyChange}}
  good: {topic: ${TOPIC}, ${keyChange}, where: row.score > 3}
syncs:
  life: {model: users, type: track, userId: user, properties: [id, uid, email], initialResults: send,
    events: {added: Added, changed: Changed, removed: Removed}}
  profile: {model: users, type: identify, userId: user, traits: [id, uid, email]}
  audience: {model: good, type: track-entered-exited, userId: user, properties: [id, uid],
    initialResults: ${dice.pick(["skip", "send"])}}`;
}

/** The history as one process meets it that nothing happens to. */
export function undisturbed(scenario: Scenario): Promise<Outcome> {
  const { settings, partitions, seed } = scenario;
  const outside = new Outside(settings, partitions, new Dice(seed, "weather"), true, null);
  const cluster = new Cluster(outside, 1, true);
  return play(scenario, cluster, async () => {});
}

/** The same history, and everything that can happen. */
export function disturbed(scenario: Scenario, trace: string[] | null): Promise<Outcome> {
  const { settings, partitions, seed } = scenario;
  const dice = new Dice(seed, "faults");
  const outside = new Outside(settings, partitions, new Dice(seed, "weather"), false, trace);
  const cluster = new Cluster(outside, dice.between(1, 3), false);
  const told = scenario.history.steps.filter((step) => typeof step === "object");
  const lasts = told.slice(scenario.before).reduce((sum, { after_ms }) => sum + after_ms, 5_000);
  return play(scenario, cluster, () => makeFaults(cluster, dice, lasts));
}

async function play(
  scenario: Scenario,
  cluster: Cluster,
  faults: () => Promise<void>,
): Promise<Outcome> {
  const { outside } = cluster;
  const run = async () => {
    for (const step of scenario.history.steps.slice(0, scenario.before))
      await tell(step, scenario, cluster);
    for (const process of cluster.processes) void process.start();
    const over = faults();
    // A new sync's boundary is where the log ended then: nothing more comes until all have one.
    await until(outside, () => outside.data.every((_, partition) => outside.durable(partition)));
    const told = (async () => {
      for (const step of scenario.history.steps.slice(scenario.before)) {
        if (typeof step === "object") await outside.clock.sleep(step.after_ms);
        await tell(step, scenario, cluster);
      }
    })();
    await over;
    outside.trace("calm");
    cluster.calm();
    await told;
    await until(outside, () => cluster.isDone, SETTLED_WITHIN_MS);
    // What was written and not acknowledged is written once more.
    await outside.clock.sleep(LONGEST_BACK_OFF_MS);
    await until(outside, () => cluster.isDone, SETTLED_WITHIN_MS);
    outside.trace("settled");
    await cluster.end();
    if (!outside.isDone) outside.problems.push("it was done, and is no more");
  };
  const problem = await outside.clock.run(run(), LIMIT_MS).then(
    () => null,
    (error: Error) => error.stack ?? error.message,
  );
  if (problem !== null) outside.problems.push(problem);
  return outcomeOf(cluster, scenario.history);
}

async function tell(step: Step, scenario: Scenario, cluster: Cluster): Promise<void> {
  const { outside } = cluster;
  if (step === "all done") return until(outside, () => outside.isDone);
  if (step === "nobody behind")
    return until(outside, () => outside.isDone && !cluster.isSomebodyBehind);
  if (step === "other settings") {
    await until(outside, () => outside.isDone && !cluster.isSomebodyBehind);
    const before = outside.data.map((_, partition) => outside.durable(partition)?.syncs);
    cluster.reconfigure(scenario.later);
    // A new sync's boundary is where the log ends now.
    const hasBegun = (partition: number) =>
      JSON.stringify(outside.durable(partition)?.syncs) !== JSON.stringify(before[partition]);
    return until(outside, () => before.every((_, partition) => hasBegun(partition)));
  }
  const { partition, change } = step;
  const log = outside.data[partition] as SharedLog;
  outside.trace(`${partition}@${log.end}: ${JSON.stringify(change.key)} ${text(change.value)}`);
  log.append([recordOf(change)]);
}

function text(value: unknown): string {
  if (typeof value !== "object" || value === null || !("op" in value)) return JSON.stringify(value);
  const { op, after, source } = value as { op: string; after: unknown; source: { lsn: number } };
  return `${op} ${source.lsn} ${JSON.stringify(after)}`;
}

async function until(outside: Outside, isSo: () => unknown, limit_ms = LIMIT_MS): Promise<void> {
  const end = outside.clock.now() + limit_ms;
  while (!isSo()) {
    if (outside.clock.now() > end) throw new Error(`not settled after ${limit_ms / 1000} s`);
    await outside.clock.sleep(250);
  }
}
