import { rm } from "node:fs/promises";
import type { Child } from "./child.ts";
import { PARTITIONS } from "./feed.ts";
import type { Ground } from "./ground.ts";
import { spanOf } from "./measure.ts";
import { firstTaken, startService, stateDirectory } from "./service.ts";

/** What a state is worth that has to be made anew. */
export type Restore = {
  /** First processing of the feed. */
  readonly records_s: number;
  /** Reading what that left in the changelog, after the disk was lost. */
  readonly rows_s: number;
  readonly rows: number;
  /** Of the process that restored, in seconds of processor time for 100,000 rows. */
  readonly cpu_s: number;
  readonly peak_mb: number;
};

type Restored = { readonly entries: number; readonly from: number; readonly to: number };

/** Processes the schemaless feed, takes the disk away and starts once more. */
export async function measureRestore(ground: Ground): Promise<Restore> {
  const options = { name: "bench-restore" };
  const first = startService(ground, options);
  const ended = ground.segment.more(ground.messages.changes);
  const { seconds } = await spanOf({ children: [first], started: firstTaken(first), ended });
  await first.stop();
  await rm(stateDirectory(ground, options), { recursive: true });

  const second = startService(ground, options);
  const restored = restoredBy(second);
  const running = {
    children: [second],
    started: Promise.resolve(),
    ended: restored.then(() => {}),
  };
  const span = await spanOf(running);
  const parts = await restored;
  await second.stop();
  const rows = parts.reduce((total, { entries }) => total + entries, 0);
  const from = Math.min(...parts.map((part) => part.from));
  const to = Math.max(...parts.map((part) => part.to));
  return {
    records_s: ground.records / seconds,
    rows_s: rows / ((to - from) / 1_000),
    rows,
    cpu_s: (span.cpu_s / rows) * 100_000,
    peak_mb: span.peak_mb,
  };
}

/** Each partition's log line, until every partition has restored. */
function restoredBy(child: Child): Promise<readonly Restored[]> {
  const parts: Restored[] = [];
  return new Promise((resolve) => {
    child.lines.on("line", (line) => {
      if (!line.includes('"state restored"')) return;
      const { entries, ms } = JSON.parse(line) as { entries: number; ms: number };
      const to = performance.now();
      parts.push({ entries, from: to - ms, to });
      if (parts.length === PARTITIONS) resolve(parts);
    });
  });
}
