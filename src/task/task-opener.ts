import { join } from "node:path";
import type { Settings } from "../config/settings.ts";
import type { Control, ControlBatch } from "../coordination/control.ts";
import { partitionName, type TopicPartition } from "../data/record.ts";
import type { SchemaRegistry } from "../decode/format/schema-registry.ts";
import type { DeliveryLimits } from "../deliver/delivery-queue.ts";
import type { OutgoingQueue } from "../deliver/outgoing.ts";
import type { DeadLetters } from "../dlq/dead-letters.ts";
import { FailureRatio } from "../dlq/failure-ratio.ts";
import { CdcError } from "../lib/errors.ts";
import type { LogRange, Source } from "../source/source.ts";
import { SourcePartition } from "../source/source-partition.ts";
import type { Changelog, OwnedChangelog } from "../state/changelog.ts";
import type { CheckpointRecord, TaskRecord } from "../state/checkpoint-record.ts";
import type { KnownTopics } from "../state/known-topics.ts";
import { clearState, type RestoreProgress, restore } from "../state/restore.ts";
import type { Store } from "../state/store.ts";
import { TaskStore } from "../state/task-store.ts";
import type { TopicTopology, Topology } from "../topology/topology.ts";
import { storePending } from "./checkpoint.ts";
import type { RecordProcessor, RecordProcessorOptions } from "./record-processor.ts";
import { RestoreProgressDisplay } from "./restore-progress.ts";
import { decideStartOffset, type StartOffset } from "./start-offset.ts";
import { startRecord } from "./start-record.ts";
import { StreamProcessor } from "./stream-processor.ts";
import { Task, type TaskLimits } from "./task.ts";
import type { Runtime, TaskContext } from "./task-context.ts";
import { TaskOffset } from "./task-offset.ts";
import type { TaskLifecycle } from "./task-state.ts";

export type TaskOpenerOptions = {
  readonly settings: Settings;
  readonly topology: Topology;
  /** Parent directory of the tasks' stores. */
  readonly directory: string;
  readonly knownTopics: KnownTopics;
  readonly runtime: Runtime;
  readonly ports: SharedPorts;
  readonly overrides?: TaskOverrides;
};

/** Everything outside the process that its tasks use. */
export type SharedPorts = {
  readonly source: Source;
  readonly openStore: (directory: string, memory_bytes: number) => Promise<Store>;
  readonly createQueue: (
    limits: DeliveryLimits,
    onFailure: (error: unknown) => void,
  ) => OutgoingQueue;
  readonly deadLetters: DeadLetters;
  readonly control: Control;
  /** `null` if the state is only on this machine's disk. */
  readonly changelog: Changelog | null;
  /** `null` if the settings name no schema registry. */
  readonly registry: SchemaRegistry | null;
};

/** What `redrive` does differently from the service. */
export type TaskOverrides = {
  readonly createProcessor: (options: RecordProcessorOptions) => RecordProcessor;
  /** Reject a partition without state instead of starting it empty. */
  readonly requireState: boolean;
};

/** Events that a task reports to its manager. */
export type TaskEvents = {
  restoring(tp: TopicPartition, progress: RestoreProgress): void;
  /** A control message has arrived. */
  delivered(): void;
  /** The task cannot continue; `null` if its delivery queue failed before the task existed. */
  failed(task: Task | null, error: unknown): void;
};

/** A partition from its assignment until it has a task. */
export type Assignment = {
  readonly tp: TopicPartition;
  readonly lifecycle: TaskLifecycle;
};

/** What is opened for a partition before its task exists. */
type Opened = Assignment & {
  readonly partition: SourcePartition;
  readonly topicTopology: TopicTopology;
  readonly state: TaskStore;
  readonly changelog: OwnedChangelog | null;
};

/** A recorded file has an end: records wait until then instead of for a time. */
const NO_TIMEOUTS = {
  keyChangeTimeout_ms: Number.POSITIVE_INFINITY,
  reconcileDelay_ms: Number.POSITIVE_INFINITY,
};

/** Opens an assigned partition: owns its changelog, restores its state, decides its start offset and starts its task. */
export class TaskOpener {
  readonly #options: TaskOpenerOptions;
  readonly #events: TaskEvents;
  readonly #rejections: FailureRatio;
  readonly #restores: RestoreProgressDisplay;

  constructor(options: TaskOpenerOptions, events: TaskEvents) {
    this.#options = options;
    this.#events = events;
    this.#restores = new RestoreProgressDisplay(options.runtime);
    this.#rejections = FailureRatio.of(options.settings.deadLetters);
  }

  /**
   * @param tasks number of partitions of this process, which share its memory limits
   * Rejects with FENCED if another process takes over the partition in the meantime.
   */
  async open({ tp, lifecycle }: Assignment, tasks: number): Promise<Task> {
    const { topology, ports } = this.#options;
    const topicTopology = topology.get(tp.topic);
    if (!topicTopology)
      throw new CdcError("GROUP_ERROR", `${partitionName(tp)} was assigned and no model reads it`);
    const partition = new SourcePartition(ports.source, tp);
    // Read before the changelog is owned: the changelog then covers it. A later commit, by the next owner, would look
    // like lost state here.
    const committed = (await partition.range())?.committed ?? null;
    const state = await this.#openState(tp, tasks);
    let changelog: OwnedChangelog | null = null;
    let created: { readonly task: Task; readonly record: CheckpointRecord };
    try {
      changelog = (await ports.changelog?.own(tp)) ?? null;
      const opened = { tp, lifecycle, partition, topicTopology, state, changelog };
      created = await this.#create(opened, committed, tasks);
    } catch (error) {
      await changelog?.release();
      await state.close();
      throw error;
    }
    const { task, record } = created;
    task.start();
    await this.#listen(task, record.control);
    partition.seek(record.next);
    partition.resume();
    return task;
  }

  async #openState(tp: TopicPartition, tasks: number): Promise<TaskStore> {
    const { directory, ports, runtime, settings } = this.#options;
    const { memory, deleteRetention } = settings.state;
    const home = join(directory, tp.topic, String(tp.partition));
    const store = await ports.openStore(home, memory / tasks);
    return new TaskStore(store, runtime.clock, deleteRetention);
  }

  /** Restores the state, decides the start offset, makes both durable, and creates the task. */
  async #create(
    opened: Opened,
    committed: number | null,
    tasks: number,
  ): Promise<{ readonly task: Task; readonly record: CheckpointRecord }> {
    const { overrides, runtime } = this.#options;
    const { tp, partition, state, changelog } = opened;
    const isAdded = changelog && (await this.#restore(opened, changelog));
    const found = await state.load();
    if (found === null && overrides?.requireState) throw noState(partitionName(tp));
    const log = await partition.range();
    const range = log && { ...log, committed };
    const start = this.#decideStart(tp, found, range, isAdded);
    if (start.rebuild) await clearState(state, changelog);
    const known = start.rebuild ? null : found;
    const { syncs, record } = startRecord(opened.topicTopology, known, start);
    const topicTopology =
      range === null ? { ...opened.topicTopology, ...NO_TIMEOUTS } : opened.topicTopology;
    const context: TaskContext = { tp, topicTopology, syncs, state, ...runtime };
    await storePending(context, changelog, state.freeze(record));
    this.#logStart(context, record, range);
    return { task: this.#createTask(opened, context, record, tasks), record };
  }

  /** @throws CdcError POSITION_LOST */
  #decideStart(
    tp: TopicPartition,
    found: TaskRecord | null,
    range: LogRange | null,
    isAdded: boolean | null,
  ): StartOffset {
    const { settings, knownTopics, runtime } = this.#options;
    const isKnown = isAdded ?? knownTopics.has(tp.topic);
    const start = decideStartOffset(tp, found, range, isKnown, settings.state.onDataLoss);
    const { dataLoss, rebuild, next } = start;
    if (dataLoss !== null)
      runtime.logger.warn(
        { ...tp, offset: next, rebuild, dataLoss },
        `data loss detected; continuing at offset ${next}`,
      );
    return start;
  }

  #logStart(
    { tp, syncs, logger }: TaskContext,
    { next, backfill }: CheckpointRecord,
    range: LogRange | null,
  ): void {
    if (backfill !== null) {
      const names = Object.keys(backfill.pending).map((number) => syncs[Number(number)]?.name);
      logger.info({ ...tp, syncs: names }, "backfilling syncs from stored rows");
    }
    logger.info({ ...tp, offset: next, ...range }, "partition assigned");
  }

  #createTask(
    { lifecycle, partition, changelog }: Opened,
    context: TaskContext,
    record: CheckpointRecord,
    tasks: number,
  ): Task {
    const { settings, ports, overrides } = this.#options;
    const { deadLetters, control, registry } = ports;
    const limits = limitsOf(settings, tasks);
    const taskOffset = new TaskOffset(record);
    const createProcessor = overrides?.createProcessor ?? ((of) => new StreamProcessor(of));
    const processor = createProcessor({
      ...{ context, taskOffset, registry, rejections: this.#rejections },
      maxConsecutive: settings.deadLetters.maxConsecutive,
    });
    const queue = ports.createQueue(limits.delivery, (error) => this.#events.failed(null, error));
    const task: Task = new Task({
      ...{ context, lifecycle, processor, taskOffset, limits },
      ports: { partition, queue, deadLetters, control, changelog },
      onFailure: (error) => this.#events.failed(task, error),
    });
    return task;
  }

  async #listen(task: Task, from: number): Promise<void> {
    const inbox = (batch: ControlBatch) => {
      this.#events.delivered();
      task.receiveControl(batch);
    };
    try {
      await this.#options.ports.control.listen(partitionName(task.tp), from, inbox);
    } catch (error) {
      await task.abandon();
      throw error;
    }
  }

  /** @returns whether the partition was added to its topic after the pipeline had started with it */
  async #restore({ tp, lifecycle, state }: Opened, changelog: OwnedChangelog): Promise<boolean> {
    const { settings, runtime } = this.#options;
    const { clock, logger } = runtime;
    lifecycle.transitionTo("restoring");
    const startedTime = clock.now();
    const { how, entries, isAdded } = await restore(state, changelog, {
      now: startedTime,
      deleteRetention_ms: settings.state.deleteRetention,
      onProgress: (progress) => {
        this.#events.restoring(tp, progress);
        this.#restores.update(partitionName(tp), progress);
      },
    }).finally(() => this.#restores.ended(partitionName(tp)));
    const ms = clock.now() - startedTime;
    if (how !== "current") logger.info({ ...tp, how, entries, ms }, "state restored");
    return isAdded;
  }
}

function limitsOf(
  { limits, checkpoint }: Settings,
  tasks: number,
): TaskLimits & { readonly delivery: DeliveryLimits } {
  const share = (limit: number) => shareOf(limit, tasks);
  return {
    queue: { records: share(limits.queueRecords), bytes: share(limits.queueBytes) },
    delivery: { messages: share(limits.deliveryMessages), bytes: share(limits.deliveryBytes) },
    checkpoint: {
      interval_ms: checkpoint.interval,
      rows: share(checkpoint.rows),
      bytes: share(checkpoint.bytes),
    },
  };
}

/** A task's share of a limit. All tasks of a process together have at most eight times the limit. */
function shareOf(limit: number, tasks: number): number {
  return Math.ceil(Math.min(limit, (8 * limit) / tasks));
}

function noState(name: string): CdcError {
  return new CdcError(
    "REDRIVE_REFUSED",
    `${name}: it has no state here and none in a changelog, so it is not known whether its rows have changed since: redrive on the machine that has the state. Nothing more was sent, and this redrive does not count as complete`,
  );
}
