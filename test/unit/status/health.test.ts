import { suite } from "uvu";
import * as assert from "uvu/assert";
import { CdcError } from "../../../src/lib/errors.ts";
import { type Condition, liveness, readiness } from "../../../src/status/health.ts";
import type { TaskState } from "../../../src/task/task-state.ts";

const s = suite("status: liveness and readiness");

const JOINED = {
  isJoined: true,
  reason: null,
  rebalances: 1,
  restarts: { crashed: 0, lost: 0, stalled: 0 },
  next: new Map(),
};
const GOOD: Condition = {
  failure: null,
  isStopping: false,
  source: JOINED,
  isSettled: true,
  tasks: [],
};
const task = (taskState: TaskState, restore: { done: number; total: number } | null = null) => ({
  ...{ topic: "users", partition: 3, taskState, restore },
});

const CASES: readonly {
  readonly title: string;
  readonly condition: Partial<Condition>;
  readonly live?: string;
  readonly ready?: string;
  readonly reason?: RegExp;
}[] = [
  { title: "while it runs", condition: {} },
  {
    title: "while tasks backfill or are paused",
    condition: { tasks: [task("backfilling"), task("paused")] },
  },
  {
    title: "before the first assignment",
    condition: { source: { ...JOINED, isJoined: false, rebalances: 0 }, isSettled: false },
    ready: "JOINING",
    reason: /no partitions are assigned yet$/,
  },
  {
    title: "if Kafka was unavailable since the start",
    condition: {
      source: { ...JOINED, isJoined: false, rebalances: 0, reason: "connect ECONNREFUSED" },
      isSettled: false,
    },
    ready: "JOINING",
    reason: /ECONNREFUSED/,
  },
  {
    title: "while Kafka is unavailable",
    condition: { source: { ...JOINED, isJoined: false, reason: "Connection timeout" } },
    ready: "KAFKA_UNAVAILABLE",
    reason: /Connection timeout/,
  },
  {
    title: "while it restores",
    condition: { isSettled: false, tasks: [task("restoring", { done: 40, total: 100 })] },
    ready: "RESTORING",
    reason: /users\/3 restoring 40 of 100/,
  },
  {
    title: "while tasks are created",
    condition: { isSettled: false, tasks: [task("created"), task("running")] },
    ready: "RESTORING",
    reason: /^users\/3 created$/,
  },
  { title: "while it stops", condition: { isStopping: true }, ready: "STOPPING" },
  {
    title: "after an error that ends it",
    condition: { failure: new CdcError("SEGMENT_CREDENTIALS", "the key is refused") },
    live: "FAILED",
    ready: "FAILED",
    reason: /SEGMENT_CREDENTIALS: the key is refused/,
  },
];

for (const { title, condition, live = "ok", ready = "ok", reason } of CASES) {
  s(
    `should be ${live === "ok" ? "live" : "not live"} and ${ready === "ok" ? "ready" : ready} ${title}`,
    () => {
      const now = { ...GOOD, ...condition };
      for (const [health, expected] of [
        [liveness(now), live],
        [readiness(now), ready],
      ] as const) {
        assert.is(health.status === "ok" ? "ok" : health.code, expected);
        if (health.status === "ok") continue;
        if (reason) assert.match(health.reason, reason);
        assert.ok(health.toDo.length > 3, "toDo");
      }
    },
  );
}

s.run();
