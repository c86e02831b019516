import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { TopicPartition } from "../data/record.ts";

/**
 * The partitions whose stores lie in a pipeline's folder, `<topic>/<partition>`, and the time of their last write in
 * ms: the measure of how far each goes that is there without opening it. Looks only; a folder that is not there has none.
 */
export function localState(directory: string): (TopicPartition & { readonly position: number })[] {
  return directoriesIn(directory).flatMap((topic) =>
    directoriesIn(join(directory, topic)).flatMap((name) => {
      const position = lastWrite(join(directory, topic, name));
      return /^\d+$/.test(name) && position > 0
        ? [{ topic, partition: Number(name), position }]
        : [];
    }),
  );
}

function directoriesIn(path: string): string[] {
  try {
    const entries = readdirSync(path, { withFileTypes: true });
    return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

/** Of the files, since a folder's own time is that of its last new file; 0 where there is none. */
function lastWrite(directory: string): number {
  const times = readdirSync(directory).map(
    // RocksDB removes files of its own at any time.
    (name) => statSync(join(directory, name), { throwIfNoEntry: false })?.mtimeMs ?? 0,
  );
  return Math.floor(Math.max(0, ...times));
}
