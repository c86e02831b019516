import { Counters } from "../../src/metrics/counters.ts";
import type { Observed } from "../../src/status/observed.ts";
import type { TaskStatus } from "../../src/task/task-status.ts";

/** A running partition without lag. */
export const RUNNING: TaskStatus = {
  ...{ topic: "users", partition: 0, taskState: "running", nextOffset: 10, isAllStored: true },
  ...{ time: 1_700_000_000_000, checkpointed: 1_700_000_005_000, restore: null },
  usage: {
    queue_records: { used: 1, limit: 11 },
    queue_bytes: { used: 2, limit: 12 },
    uncommitted_rows: { used: 3, limit: 13 },
    uncommitted_bytes: { used: 6, limit: 16 },
    delivery_queue_messages: { used: 4, limit: 14 },
    delivery_queue_bytes: { used: 5, limit: 15 },
  },
  store: { entries: 6, disk_bytes: 7, memory_bytes: 8 },
};

/** A pipeline that has processed nothing yet. */
export function observed(instead: Partial<Observed> = {}): Observed {
  return {
    ...{ pipeline: "shop", version: "1.2.3", since: 1_700_000_000_000, now: 1_700_000_010_000 },
    live: { status: "ok" },
    ready: { status: "ok" },
    counters: new Counters(),
    source: {
      ...{ isJoined: true, reason: null, rebalances: 2 },
      restarts: { crashed: 1, lost: 0, stalled: 3 },
      next: new Map(),
    },
    rateLimiter: { wait_ms: 0, throttled_ms: 1_500 },
    partitions: [{ ...RUNNING, logEnd: 10, lag: { records: 0, seconds: 0 } }],
    lastResponse: null,
    ...instead,
  };
}
