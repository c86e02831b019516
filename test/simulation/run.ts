import { parseSettings } from "../../src/config/read.ts";
import type { Settings } from "../../src/config/settings.ts";
import { recordOf, TOPIC } from "../support/debezium.ts";
import { Cluster } from "./cluster.ts";
import { Environment } from "./environment.ts";
import { injectFaults } from "./fault-schedule.ts";
import { History, type Step } from "./history.ts";
import { type Outcome, outcomeOf } from "./outcome.ts";
import { RandomSource } from "./random-source.ts";
import type { SharedLog } from "./shared-log.ts";

export type Scenario = {
  readonly seed: number;
  readonly settings: Settings;
  /** After the step `new settings`. */
  readonly later: Settings;
  readonly partitions: number;
  readonly history: History;
  /** Number of records in the topic before the first process starts. */
  readonly before: number;
};

/** A run that takes longer in simulated time hangs. */
const LIMIT_MS = 7_200_000;
const SETTLED_WITHIN_MS = 1_200_000;
const LONGEST_BACK_OFF_MS = 30_000;

export function scenarioOf(seed: number): Scenario {
  const random = new RandomSource(seed, "history");
  const partitions = random.pick([1, 2, 2, 3, 4]);
  const change = random.chance(0.3) ? random.pick(CHANGES) : null;
  const history = new History(random, partitions, change !== null);
  const { steps } = history;
  const first = steps.findIndex((step) => typeof step === "string");
  const most = first === -1 ? steps.length : first;
  const before = random.chance(0.5) ? 0 : random.between(0, Math.min(most, 15));
  const text = settingsOf(random);
  const later = parse(change === null ? text : change(text));
  return { seed, settings: parse(text), later, partitions, history, before };
}

/** Changes of settings: a narrower filter, a wider one, mappings, a user, an added sync and a removed one. */
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

function settingsOf(random: RandomSource): string {
  const keyChange = random.chance(0.7)
    ? "keyChange: changed, keyChangeTimeout: 1h"
    : "keyChange: removedAndAdded";
  const limits = random.chance(0.5)
    ? "limits: {queueRecords: 8, deliveryMessages: 6}"
    : "limits: {queueRecords: 1000}";
  return `
name: shop
segment: {writeKey: secret, linger: ${random.pick([0, 20])}ms}
checkpoint: {interval: ${random.pick([200, 1_000, 3_000])}ms, rows: ${random.pick([2, 5, 20, 10_000])}}
${limits}
models:
  users: {topic: ${TOPIC}, ${keyChange}}
  good: {topic: ${TOPIC}, ${keyChange}, where: row.score > 3}
syncs:
  lifecycle: {model: users, type: track, userId: user, properties: [id, uid, email], initialResults: send,
    events: {added: Added, changed: Changed, removed: Removed}}
  profile: {model: users, type: identify, userId: user, traits: [id, uid, email]}
  audience: {model: good, type: track-entered-exited, userId: user, properties: [id, uid],
    initialResults: ${random.pick(["skip", "send"])}}`;
}

/** Runs the history in one process without faults. */
export function undisturbed(scenario: Scenario): Promise<Outcome> {
  const { settings, partitions, seed } = scenario;
  const environment = new Environment(
    settings,
    partitions,
    new RandomSource(seed, "injector"),
    true,
    null,
  );
  const cluster = new Cluster(environment, 1, true);
  return play(scenario, cluster, async () => {});
}

/** Runs the same history with random faults. */
export function disturbed(scenario: Scenario, trace: string[] | null): Promise<Outcome> {
  const { settings, partitions, seed } = scenario;
  const random = new RandomSource(seed, "faults");
  const environment = new Environment(
    settings,
    partitions,
    new RandomSource(seed, "injector"),
    false,
    trace,
  );
  const cluster = new Cluster(environment, random.between(1, 3), false);
  const records = scenario.history.steps.filter((step) => typeof step === "object");
  const duration_ms = records
    .slice(scenario.before)
    .reduce((sum, { after_ms }) => sum + after_ms, 5_000);
  return play(scenario, cluster, () => injectFaults(cluster, random, duration_ms));
}

async function play(
  scenario: Scenario,
  cluster: Cluster,
  faults: () => Promise<void>,
): Promise<Outcome> {
  const { environment } = cluster;
  const run = async () => {
    for (const step of scenario.history.steps.slice(0, scenario.before))
      await applyStep(step, scenario, cluster);
    for (const process of cluster.processes) void process.start();
    const over = faults();
    // A new sync's boundary is the end of the log: no record is added until all tasks have one.
    await until(environment, () =>
      environment.data.every((_, partition) => environment.durable(partition)),
    );
    const applied = (async () => {
      for (const step of scenario.history.steps.slice(scenario.before)) {
        if (typeof step === "object") await environment.clock.sleep(step.after_ms);
        await applyStep(step, scenario, cluster);
      }
    })();
    await over;
    environment.trace("stable");
    cluster.stabilize();
    await applied;
    await until(environment, () => cluster.isDone, SETTLED_WITHIN_MS);
    // Unacknowledged writes are repeated after a back-off.
    await environment.clock.sleep(LONGEST_BACK_OFF_MS);
    await until(environment, () => cluster.isDone, SETTLED_WITHIN_MS);
    environment.trace("settled");
    await cluster.end();
    if (!environment.isDone) environment.problems.push("it was settled and is not any more");
  };
  const problem = await environment.clock.run(run(), LIMIT_MS).then(
    () => null,
    (error: Error) => error.stack ?? error.message,
  );
  if (problem !== null) environment.problems.push(problem);
  return outcomeOf(cluster, scenario.history);
}

async function applyStep(step: Step, scenario: Scenario, cluster: Cluster): Promise<void> {
  const { environment } = cluster;
  if (step === "all processed") return until(environment, () => environment.isDone);
  if (step === "all processes current")
    return until(environment, () => environment.isDone && !cluster.isProcessOutdated);
  if (step === "new settings") {
    await until(environment, () => environment.isDone && !cluster.isProcessOutdated);
    const before = environment.data.map((_, partition) => environment.durable(partition)?.syncs);
    cluster.reconfigure(scenario.later);
    // A new sync's boundary is the current end of the log.
    const hasStarted = (partition: number) =>
      JSON.stringify(environment.durable(partition)?.syncs) !== JSON.stringify(before[partition]);
    return until(environment, () => before.every((_, partition) => hasStarted(partition)));
  }
  const { partition, change } = step;
  const log = environment.data[partition] as SharedLog;
  environment.trace(`${partition}@${log.end}: ${JSON.stringify(change.key)} ${text(change.value)}`);
  log.append([recordOf(change)]);
}

function text(value: unknown): string {
  if (typeof value !== "object" || value === null || !("op" in value)) return JSON.stringify(value);
  const { op, after, source } = value as { op: string; after: unknown; source: { lsn: number } };
  return `${op} ${source.lsn} ${JSON.stringify(after)}`;
}

async function until(
  environment: Environment,
  condition: () => unknown,
  limit_ms = LIMIT_MS,
): Promise<void> {
  const end = environment.clock.now() + limit_ms;
  while (!condition()) {
    if (environment.clock.now() > end) throw new Error(`not settled after ${limit_ms / 1000} s`);
    await environment.clock.sleep(250);
  }
}
