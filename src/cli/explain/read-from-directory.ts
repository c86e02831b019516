import { isAbsolute, join, resolve } from "node:path";
import type { Settings } from "../../config/settings.ts";
import { partitionName, type TopicPartition } from "../../data/record.ts";
import { registryOf } from "../../decode/format/schema-registry.ts";
import { explain } from "../../explain/explain.ts";
import type { Question } from "../../explain/explanation.ts";
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
import type { Answered } from "./ask-service.ts";

/** Looks into the state that the service left on this disk, else into that of `replay`, without changing it. */
export async function readFromDirectory(settings: Settings, question: Question): Promise<Answered> {
  const { name, kafka, log, models } = settings;
  const topology = new Topology(settings);
  const ends: (() => Promise<void>)[] = [];
  const views: StateView[] = [];
  const notSearched: { partition: string; why: string }[] = [];
  const [service, replayed] = [serviceState(settings), replayState(settings)];
  const found = [service, replayed].find((path) => localState(path).length > 0);
  const directory = found ?? service;
  try {
    for (const { topic, partition } of localState(directory)) {
      const tp = { topic, partition };
      try {
        const look = await open(tp, directory, topology, settings, ends);
        if (look) views.push(look);
      } catch (error) {
        notSearched.push({ partition: partitionName(tp), why: messageOf(error) });
      }
    }
    const logger = createLogger("warn", log.format);
    const registry = registryOf(kafka?.schemaRegistry, {
      ...{ clock: systemClock, logger, stop: stopSignal() },
    });
    const about = { pipeline: name, models: Object.keys(models), topology, registry };
    const explanation = await explain(question, { ...about, views, notSearched });
    const read = found === undefined ? noState(settings) : `read ${directory} as it lies there`;
    return {
      explanation,
      by: `no service of this pipeline answers here; ${read}`,
      deadLetters: directory === replayed ? replayDeadLetters(settings) : deadLetterTopic(settings),
    };
  } finally {
    for (const end of ends) await end();
  }
}

function noState(settings: Settings): string {
  const { directory } = settings.state;
  const where = `there is no state in ${resolve(serviceState(settings))}, nor one of a replay`;
  if (isAbsolute(directory)) return where;
  return `${where}: state.directory ${directory} is relative to the folder in which the command runs`;
}

/** `null` where no model reads the topic any more, or nothing was stored yet. */
async function open(
  tp: TopicPartition,
  directory: string,
  topology: Topology,
  { state: { deleteRetention } }: Settings,
  ends: (() => Promise<void>)[],
): Promise<StateView | null> {
  const topicTopology = topology.get(tp.topic);
  if (!topicTopology) return null;
  const store = await RocksDbStore.openToRead(join(directory, tp.topic, String(tp.partition)));
  ends.push(() => store.close());
  const state = new TaskStore(store, systemClock, deleteRetention);
  const record = await state.load();
  if (record === null) return null;
  const { syncs, ...position } = record;
  return {
    tp: tp,
    topicTopology,
    syncs,
    checkpoint: position,
    durable: position.next,
    row: (key) => state.lookup(key),
  };
}
