import { type CdcError, messageOf } from "../lib/errors.ts";
import type { SourceStatus } from "../source/source.ts";
import type { TaskStatus } from "../task/task-status.ts";
import type { Health, HealthCode } from "./status.ts";

/** What the health depends on. */
export type Condition = {
  /** The error that ends the process. */
  readonly failure: unknown;
  readonly isStopping: boolean;
  readonly source: SourceStatus;
  /** Partitions were assigned and all their tasks have opened. */
  readonly isSettled: boolean;
  readonly tasks: readonly Pick<TaskStatus, "topic" | "partition" | "taskState" | "restore">[];
};

const OK: Health = { status: "ok" };

/** Task names in a reason: more would hide them. */
const MAX_NAMES = 10;

/**
 * Whether the process should keep running. It fails only if the process ends anyway: an outage of Segment, Kafka or the
 * registry ends without a new process, which would have to restore its state first.
 */
export function liveness({ failure }: Condition): Health {
  return failure === null ? OK : failed(failure);
}

/** Whether the process owns its partitions with their state. An outage of Segment does not make it unready. */
export function readiness(condition: Condition): Health {
  const { failure, isStopping, source, isSettled, tasks } = condition;
  if (failure !== null) return failed(failure);
  if (isStopping)
    return failing(
      "STOPPING",
      "the process is stopping and delivers its remaining messages",
      "none; it ends by itself",
    );
  if (!source.isJoined && source.rebalances > 0)
    return failing(
      "KAFKA_UNAVAILABLE",
      `the consumer is not in its group: ${source.reason ?? "it left the group"}`,
      "none if the brokers are restarting, the consumer rejoins by itself; otherwise check kafka.brokers and the logs of the brokers",
    );
  if (!source.isJoined)
    return failing(
      "JOINING",
      `no partitions are assigned yet${source.reason === null ? "" : `: ${source.reason}`}`,
      "wait; if it does not change, check that the brokers of kafka.brokers respond, and the members of the consumer group",
    );
  if (isSettled) return OK;
  return failing(
    "RESTORING",
    opening(tasks) || "partitions are being assigned",
    "wait; /status shows the progress of each partition, and restoring a lost disk takes as long as its changelog is large",
  );
}

function opening(tasks: Condition["tasks"]): string {
  const names = tasks.flatMap(({ topic, partition, taskState, restore }) => {
    if (taskState !== "created" && taskState !== "restoring") return [];
    const progress = restore === null ? "" : ` ${restore.done} of ${restore.total}`;
    return [`${topic}/${partition} ${taskState}${progress}`];
  });
  const more = names.length > MAX_NAMES ? `, and ${names.length - MAX_NAMES} more` : "";
  return names.slice(0, MAX_NAMES).join(", ") + more;
}

function failed(failure: unknown): Health {
  const code = (failure as Partial<CdcError>).code;
  const reason = code === undefined ? messageOf(failure) : `${code}: ${messageOf(failure)}`;
  return failing(
    "FAILED",
    reason,
    "see the reason; the process ends and resends undelivered messages after restart",
  );
}

function failing(code: HealthCode, reason: string, toDo: string): Health {
  return { status: "failing", code, reason, toDo };
}
