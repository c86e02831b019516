import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { schemaless } from "./format.ts";
import type { Ground } from "./ground.ts";
import { GrowingTable } from "./growing-table.ts";
import { type Span, spanOf } from "./measure.ts";
import { firstTaken, startService, stateDirectory } from "./service.ts";
import { append, deleteTopics, makeTopic } from "./topic.ts";

/** One size of the table, and what updates of it cost. */
export type Size = {
  readonly tasks: number;
  readonly keys: number;
  readonly records_s: number;
  /** Processor time for 100,000 records, in seconds. */
  readonly cpu_s: number;
  /** Of the process that read the new rows, and of the one that took the updates. */
  readonly peak_mb: number;
  /** Of the state directory on the disk. */
  readonly bytes_a_key: number;
};

export const SIZES = [10_000, 100_000, 1_000_000] as const;

/** Takes long: a quarter of an hour and 10 GB of disk. */
export const LARGEST = 5_000_000;

const TASKS = [1, 64];
const UPDATES = 100_000;
const TIME_LIMIT_MS = 3_600_000;

/**
 * Lets a table grow, and measures at each size as many updates of rows of all ages. Between the two the process is
 * started anew: its memory is that of what it does then, and writing the topic takes nothing from it.
 */
export async function measureGrowth(
  ground: Ground,
  sizes: readonly number[],
): Promise<readonly Size[]> {
  const found: Size[] = [];
  for (const tasks of TASKS) {
    const topic = `bench.growth.${tasks}`;
    await makeTopic([ground.broker], topic, tasks);
    const table = new GrowingTable(Math.max(...sizes), tasks);
    for (const keys of sizes) {
      const size = await measureSize(ground, { topic, tasks, keys, table });
      const { records_s, peak_mb } = size;
      console.error(
        `growth  tasks open: ${tasks}, keys: ${keys}: ${Math.round(records_s)} records/s, ${Math.round(peak_mb)} MB`,
      );
      found.push(size);
    }
    await deleteTopics([ground.broker], [topic, `${partitionName(topic)}.${topic}.changelog`]);
    await rm(stateDirectory(ground, { name: partitionName(topic) }), { recursive: true });
  }
  return found;
}

async function measureSize(
  ground: Ground,
  of: { topic: string; tasks: number; keys: number; table: GrowingTable },
): Promise<Size> {
  const { topic, tasks, keys, table } = of;
  const format = { ...schemaless, topic };
  const usage = (changes: ReturnType<GrowingTable["update"]>) =>
    append([ground.broker], format, changes, tasks);
  const grown = await run(ground, topic, await usage(table.growTo(keys)));
  const updated = await run(ground, topic, await usage(table.update(UPDATES)));
  return {
    tasks,
    keys,
    records_s: UPDATES / updated.seconds,
    cpu_s: (updated.cpu_s / UPDATES) * 100_000,
    peak_mb: Math.max(grown.peak_mb, updated.peak_mb),
    bytes_a_key: (await bytesOf(stateDirectory(ground, { name: partitionName(topic) }))) / keys,
  };
}

/** From the first assignment until the messages have arrived; what is left is delivered at the stop. */
async function run(ground: Ground, topic: string, messages: number): Promise<Span> {
  const { segment } = ground;
  const before = segment.count;
  const ended = segment.more(messages);
  const child = startService(ground, { name: partitionName(topic), topic });
  const span = await spanOf(
    { children: [child], started: firstTaken(child), ended },
    TIME_LIMIT_MS,
  );
  await child.stop();
  if (segment.count !== before + messages)
    throw new Error(`${segment.count - before} messages came where ${messages} were due: ${topic}`);
  return span;
}

function partitionName(topic: string): string {
  return `grows-${topic}`;
}

async function bytesOf(directory: string): Promise<number> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = files.map(
    async ({ parentPath, name }) => (await stat(join(parentPath, name))).size,
  );
  return (await Promise.all(sizes)).reduce((total, size) => total + size, 0);
}
