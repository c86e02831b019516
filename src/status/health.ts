import { type CdcError, messageOf } from "../lib/errors.ts";
import type { SourceStatus } from "../source/source.ts";
import type { TaskStatus } from "../task/task-status.ts";
import type { Health, HealthCode } from "./status.ts";

/** What the health is judged by. */
export type Condition = {
  /** The error that ends the process. */
  readonly failure: unknown;
  readonly isStopping: boolean;
  readonly source: SourceStatus;
  /** An assignment was announced, and all of its partitions were opened. */
  readonly isSettled: boolean;
  readonly tasks: readonly Pick<TaskStatus, "topic" | "partition" | "taskState" | "restore">[];
};

const OK: Health = { status: "ok" };

/**
 * Whether the process is to be left alone: it fails only where it ends anyway. Whatever is away outside (Segment,
 * Kafka, the registry) comes back without a new process, which would have to restore first.
 */
export function liveness({ failure }: Condition): Health {
  return failure === null ? OK : failed(failure);
}

/** Whether it does its work: has its partitions, with their state. What it sends to may be away: it goes on by itself. */
export function readiness(condition: Condition): Health {
  const { failure, isStopping, source, isSettled, tasks } = condition;
  if (failure !== null) return failed(failure);
  if (isStopping)
    return failing("STOPPING", "it was asked to stop, and delivers what is in flight", "wait");
  if (!source.isJoined && source.rebalances > 0)
    return failing(
      "KAFKA_AWAY",
      `its consumer is not in its group: ${source.reason ?? "it left"}`,
      "nothing, where the brokers come back: it joins again by itself; else look at kafka.brokers and the brokers' logs",
    );
  if (!source.isJoined)
    return failing(
      "JOINING",
      `it has no partitions yet${source.reason === null ? "" : `: ${source.reason}`}`,
      "wait; where it lasts, look whether the brokers of kafka.brokers answer, and who else is in the group",
    );
  if (isSettled) return OK;
  return failing(
    "RESTORING",
    opening(tasks) || "its partitions are being taken over",
    "wait: how far each is stands in /status; a lost disk takes as long as its changelog is large",
  );
}

function opening(tasks: Condition["tasks"]): string {
  const names = tasks.flatMap(({ topic, partition, taskState, restore }) => {
    if (taskState !== "created" && taskState !== "restoring") return [];
    const part = restore === null ? "" : ` ${restore.done} of ${restore.total}`;
    return [`${topic}/${partition} ${taskState}${part}`];
  });
  const more = names.length > 10 ? `, and ${names.length - 10} more` : "";
  return names.slice(0, 10).join(", ") + more;
}

function failed(failure: unknown): Health {
  const code = (failure as Partial<CdcError>).code;
  const reason = code === undefined ? messageOf(failure) : `${code}: ${messageOf(failure)}`;
  return failing(
    "FAILED",
    reason,
    "as the reason says; the process ends, nothing undelivered is lost",
  );
}

function failing(code: HealthCode, reason: string, toDo: string): Health {
  return { status: "failing", code, reason, toDo };
}
