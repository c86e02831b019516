import { isAbsolute, join, resolve } from "node:path";
import type { Settings } from "../../config/settings.ts";
import { partitionName, type TopicPartition } from "../../data/record.ts";
import { registryOf } from "../../decode/format/schema-registry.ts";
import type { Question } from "../../explain/explanation.ts";
import { explanationOf } from "../../explain/explanation-of.ts";
import type { StateView } from "../../explain/state-view.ts";
import { systemClock } from "../../lib/clock.ts";
import { messageOf } from "../../lib/errors.ts";
import { createLogger } from "../../lib/logger.ts";
import { localState } from "../../state/local-state.ts";
import { RocksDbStore } from "../../state/rocksdb-store.ts";
import { TaskStore } from "../../state/task-store.ts";
import { Topology } from "../../topology/topology.ts";
import { deadLetterTopic } from "../internal-topics.ts";
import { replayDeadLetters, replayState, serviceState } from "../paths.ts";
import { stopSignal } from "../process.ts";
import type { SourcedExplanation } from "./ask-service.ts";

/** Explains from the service's state on this disk, or from that of `replay` if there is none. Read-only. */
export async function readFromDirectory(
  settings: Settings,
  question: Question,
): Promise<SourcedExplanation> {
  const { name, kafka, log, models } = settings;
  const topology = new Topology(settings);
  const closers: (() => Promise<void>)[] = [];
  const views: StateView[] = [];
  const notSearched: { partition: string; why: string }[] = [];
  const [service, replayed] = [serviceState(settings), replayState(settings)];
  const found = [service, replayed].find((path) => localState(path).length > 0);
  const directory = found ?? service;
  try {
    for (const { topic, partition } of localState(directory)) {
      const tp = { topic, partition };
      try {
        const view = await open(tp, directory, topology, settings, closers);
        if (view) views.push(view);
      } catch (error) {
        notSearched.push({ partition: partitionName(tp), why: messageOf(error) });
      }
    }
    const logger = createLogger("warn", log.format);
    const registry = registryOf(kafka?.schemaRegistry, {
      ...{ clock: systemClock, logger, stop: stopSignal() },
    });
    const about = { pipeline: name, models: Object.keys(models), topology, registry };
    const explanation = await explanationOf(question, { ...about, views, notSearched });
    const read = found === undefined ? noState(settings) : `read the state in ${directory}`;
    return {
      explanation,
      origin: `no service of this pipeline responds here; ${read}`,
      deadLetters: directory === replayed ? replayDeadLetters(settings) : deadLetterTopic(settings),
    };
  } finally {
    for (const close of closers) await close();
  }
}

function noState(settings: Settings): string {
  const { directory } = settings.state;
  const where = `there is no state in ${resolve(serviceState(settings))}, and none of a replay`;
  if (isAbsolute(directory)) return where;
  return `${where}: state.directory ${directory} is relative to the working directory of the command`;
}

/** `null` if no model reads the topic any more, or nothing is stored yet. */
async function open(
  tp: TopicPartition,
  directory: string,
  topology: Topology,
  { state: { deleteRetention } }: Settings,
  closers: (() => Promise<void>)[],
): Promise<StateView | null> {
  const topicTopology = topology.get(tp.topic);
  if (!topicTopology) return null;
  const store = await RocksDbStore.openToRead(join(directory, tp.topic, String(tp.partition)));
  closers.push(() => store.close());
  const state = new TaskStore(store, systemClock, deleteRetention);
  const record = await state.load();
  if (record === null) return null;
  const { syncs, ...checkpoint } = record;
  return {
    tp,
    topicTopology,
    syncs,
    checkpoint,
    durable: checkpoint.next,
    row: (key) => state.lookup(key),
  };
}
