import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { TopicPartition } from "../data/record.ts";

/**
 * The partitions that have a store in a pipeline's directory, `<topic>/<partition>`, and the time of its last write in
 * ms: without opening a store, the best measure of its progress. Read-only; a missing directory has no stores.
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

/** The time of the newest file, because a directory's own time is that of its last new file; 0 if there is none. */
function lastWrite(directory: string): number {
  const times = readdirSync(directory).map(
    // RocksDB may remove files at any time.
    (name) => statSync(join(directory, name), { throwIfNoEntry: false })?.mtimeMs ?? 0,
  );
  return Math.floor(Math.max(0, ...times));
}
