import type { Control } from "../coordination/control.ts";
import type { TopicPartition } from "../data/record.ts";
import type { OutgoingQueue } from "../deliver/outgoing.ts";
import type { DeadLetters } from "../dlq/dead-letters.ts";
import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/logger.ts";
import type { Counters } from "../metrics/counters.ts";
import type { SourcePartition } from "../source/source-partition.ts";
import type { OwnedChangelog } from "../state/changelog.ts";
import type { SyncEntry } from "../state/sync-versions.ts";
import type { TaskStore } from "../state/task-store.ts";
import type { TopicTopology } from "../topology/topology.ts";

/** Shared by all tasks of a process. */
export type Runtime = {
  readonly clock: Clock;
  readonly counters: Counters;
  readonly logger: Logger;
};

/** Used by every part of a task. */
export type TaskContext = Runtime & {
  readonly tp: TopicPartition;
  readonly topicTopology: TopicTopology;
  /** Indexed by the sync numbers in stored rows. */
  readonly syncs: readonly SyncEntry[];
  readonly state: TaskStore;
};

/** Where a task's records come from and where its output goes: everything outside the task that can fail. */
export type TaskPorts = {
  readonly partition: SourcePartition;
  readonly queue: OutgoingQueue;
  readonly deadLetters: DeadLetters;
  readonly control: Control;
  /** `null` if the state is only on this machine's disk. */
  readonly changelog: OwnedChangelog | null;
};
