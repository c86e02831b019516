import { isAbsolute, join, resolve } from "node:path";
import type { Settings } from "../../config/settings.ts";
import { nameOf, type TopicPartition } from "../../data/record.ts";
import { registryOf } from "../../decode/format/schema-registry.ts";
import { explain } from "../../explain/explain.ts";
import type { Question } from "../../explain/explanation.ts";
import type { Look } from "../../explain/state-view.ts";
import { systemClock } from "../../lib/clock.ts";
import { messageOf } from "../../lib/errors.ts";
import { createLogger } from "../../lib/logger.ts";
import { localState } from "../../state/local-state.ts";
import { RocksDbStore } from "../../state/rocksdb-store.ts";
import { TaskState } from "../../state/task-state.ts";
import { Plans } from "../../topology/topology.ts";
import { deadLetterTopic } from "../internal-topics.ts";
import { replayLetters, replayState, serviceState } from "../paths.ts";
import { stopSignal } from "../process.ts";
import type { Answered } from "./ask-service.ts";

/** Looks into the state that the service left on this disk, else into that of `replay`, without changing it. */
export async function readFromFolder(settings: Settings, question: Question): Promise<Answered> {
  const { name, kafka, log, models } = settings;
  const plans = new Plans(settings);
  const ends: (() => Promise<void>)[] = [];
  const looks: Look[] = [];
  const notLooked: { partition: string; why: string }[] = [];
  const [service, replayed] = [serviceState(settings), replayState(settings)];
  const found = [service, replayed].find((path) => localState(path).length > 0);
  const folder = found ?? service;
  try {
    for (const { topic, partition } of localState(folder)) {
      const at = { topic, partition };
      try {
        const look = await open(at, folder, plans, settings, ends);
        if (look) looks.push(look);
      } catch (error) {
        notLooked.push({ partition: nameOf(at), why: messageOf(error) });
      }
    }
    const logger = createLogger("warn", log.format);
    const registry = registryOf(kafka?.schemaRegistry, {
      ...{ clock: systemClock, logger, stop: stopSignal() },
    });
    const about = { pipeline: name, models: Object.keys(models), plans, registry };
    const explanation = await explain(question, { ...about, looks, notLooked });
    const read = found === undefined ? noState(settings) : `read ${folder} as it lies there`;
    return {
      explanation,
      by: `no service of this pipeline answers here; ${read}`,
      deadLetters: folder === replayed ? replayLetters(settings) : deadLetterTopic(settings),
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
  at: TopicPartition,
  folder: string,
  plans: Plans,
  { state: { forgetDeletedAfter } }: Settings,
  ends: (() => Promise<void>)[],
): Promise<Look | null> {
  const plan = plans.get(at.topic);
  if (!plan) return null;
  const store = await RocksDbStore.openToRead(join(folder, at.topic, String(at.partition)));
  ends.push(() => store.close());
  const state = new TaskState(store, systemClock, forgetDeletedAfter);
  const record = await state.load();
  if (record === null) return null;
  const { syncs, ...position } = record;
  return { at, plan, syncs, position, durable: position.next, row: (key) => state.look(key) };
}
