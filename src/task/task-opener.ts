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
import type { Source } from "../source/source.ts";
import { SourcePartition } from "../source/source-partition.ts";
import type { Changelog, OwnedChangelog } from "../state/changelog.ts";
import {
  type BackfillProgress,
  type CheckpointRecord,
  INITIAL_CHECKPOINT,
} from "../state/checkpoint-record.ts";
import type { KnownTopics } from "../state/known-topics.ts";
import { clearState, type RestoreProgress, restore } from "../state/restore.ts";
import type { Store } from "../state/store.ts";
import { bothPending, type Registered, registerSyncs } from "../state/sync-versions.ts";
import { TaskStore } from "../state/task-store.ts";
import type { TopicTopology, Topology } from "../topology/topology.ts";
import { storePending } from "./checkpoint.ts";
import { RecordProcessor, type RecordProcessorOptions } from "./record-processor.ts";
import { RestoreProgressDisplay } from "./restore-progress.ts";
import { decideStartOffset, type StartOffset } from "./start-offset.ts";
import { Task } from "./task.ts";
import type { Runtime } from "./task-context.ts";
import { TaskOffset } from "./task-offset.ts";

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

/** A partition on its way to a task. */
type Opening = {
  readonly tp: TopicPartition;
  readonly topicTopology: TopicTopology;
  readonly state: TaskStore;
  readonly changelog: OwnedChangelog | null;
  readonly committed: number | null;
  readonly tasks: number;
};

const UNTIL_THE_END = {
  keyChangeTimeout_ms: Number.POSITIVE_INFINITY,
  reconcileDelay_ms: Number.POSITIVE_INFINITY,
};

/** Opens a partition: takes its changelog over, restores its state, decides where it begins, and has a task for it. */
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
   * @param tasks how many partitions this process has: what bounds its memory is shared out over them
   * Rejects with FENCED where another process takes the partition over meanwhile.
   */
  async open(tp: TopicPartition, tasks: number): Promise<Task> {
    const { topology, directory, runtime, ports, settings } = this.#options;
    const { source, openStore, control } = ports;
    const topicTopology = topology.get(tp.topic);
    if (!topicTopology)
      throw new CdcError("GROUP_ERROR", `${partitionName(tp)} was assigned and no model reads it`);
    // Asked before the changelog is taken over: what was committed until then is in it. Of what a later owner commits
    // while this one is slow it would say that its state is lost.
    const committed = (await source.range(tp))?.committed ?? null;
    const home = join(directory, tp.topic, String(tp.partition));
    const { memory, deleteRetention } = settings.state;
    const store = await openStore(home, memory / tasks);
    const state = new TaskStore(store, runtime.clock, deleteRetention);
    const owned = await ports.changelog?.own(tp).catch(async (error) => {
      await state.close();
      throw error;
    });
    const changelog = owned ?? null;
    const knownTopics = this.#begin({
      tp,
      topicTopology,
      state,
      changelog,
      committed,
      tasks,
    }).catch(async (error) => {
      await changelog?.release();
      await state.close();
      throw error;
    });
    const { task, position } = await knownTopics;
    const inbox = (batch: ControlBatch) => {
      this.#events.delivered();
      task.receiveControl(batch);
    };
    await control.listen(partitionName(tp), position.control, inbox).catch(async (error) => {
      await task.abandon();
      throw error;
    });
    source.seek(tp, position.next);
    source.resume(tp);
    return task;
  }

  /** Decides where the partition begins, makes that durable, and has a task for it. */
  async #begin({
    tp,
    topicTopology,
    state,
    changelog,
    committed,
    tasks,
  }: Opening): Promise<{ task: Task; position: CheckpointRecord }> {
    const share = (limit: number) => shareOf(limit, tasks);
    const { settings, knownTopics, runtime, ports, overrides } = this.#options;
    const { source, deadLetters, control, registry } = ports;
    const isAdded = changelog && (await this.#restore(tp, state, changelog));
    const found = await state.load();
    if (found === null && overrides?.requireState) throw noState(partitionName(tp));
    const now = await source.range(tp);
    const range = now && { ...now, committed };
    const start = decideStartOffset(
      tp,
      found,
      range,
      isAdded ?? knownTopics.has(tp.topic),
      settings.state.onDataLoss,
    );
    if (start.dataLoss !== null) this.#logDataLoss(tp, start);
    if (start.rebuild) await clearState(state, changelog);
    const known = start.rebuild ? null : found;
    const current = topicTopology.models
      .flatMap((model) => model.syncs)
      .map(({ sync, fingerprint }) => ({ name: sync.name, fingerprint }));
    const { syncs, pending } = registerSyncs(known?.syncs ?? null, current, start.boundary);
    const backfill = backfillOf(known?.backfill ?? null, pending);
    const record: CheckpointRecord = {
      ...INITIAL_CHECKPOINT,
      ...known,
      next: start.next,
      backfill,
    };
    if (backfill) {
      const backfilling = Object.keys(backfill.pending).map(
        (number) => syncs[Number(number)]?.name,
      );
      runtime.logger.info(
        { ...tp, syncs: backfilling },
        "new or changed syncs see the stored rows",
      );
    }
    const taskOffset = new TaskOffset(record);
    // A recorded file ends: what a record waits for is there by then, or never.
    const planned = range === null ? { ...topicTopology, ...UNTIL_THE_END } : topicTopology;
    const maxConsecutive = settings.deadLetters.maxConsecutive;
    const context = { tp, topicTopology: planned, syncs, state, ...runtime };
    await storePending(context, changelog, state.freeze(record));
    const createProcessor = overrides?.createProcessor ?? ((of) => new RecordProcessor(of));
    const queue = ports.createQueue(
      {
        messages: share(settings.limits.deliveryMessages),
        bytes: share(settings.limits.deliveryBytes),
      },
      (error) => this.#events.failed(null, error),
    );
    const task = new Task({
      context,
      ports: { partition: new SourcePartition(source, tp), queue, deadLetters, control, changelog },
      processor: createProcessor({
        ...{ context, taskOffset, registry, maxConsecutive },
        rejections: this.#rejections,
      }),
      taskOffset,
      limits: {
        queue: {
          records: share(settings.limits.queueRecords),
          bytes: share(settings.limits.queueBytes),
        },
        checkpoint: {
          interval_ms: settings.checkpoint.interval,
          rows: share(settings.checkpoint.rows),
          bytes: share(settings.checkpoint.bytes),
        },
      },
      onFailure: (error) => this.#events.failed(task, error),
    });
    runtime.logger.info({ ...tp, position: record.next, ...range }, "partition taken");
    return { task, position: record };
  }

  #logDataLoss(tp: TopicPartition, { dataLoss, rebuild, next }: StartOffset): void {
    const then = rebuild ? "its state is built anew from what the topic holds" : "goes on without";
    this.#options.runtime.logger.warn(
      { ...tp, position: next, dataLoss },
      `gone past what is lost: ${then}`,
    );
  }

  /** @returns whether the partition was added to its topic after the pipeline had begun with it */
  async #restore(
    tp: TopicPartition,
    state: TaskStore,
    changelog: OwnedChangelog,
  ): Promise<boolean> {
    const { settings, runtime } = this.#options;
    const { clock, logger } = runtime;
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
    if (how !== "kept") logger.info({ ...tp, how, entries, ms }, "state restored");
    return isAdded;
  }
}

/** A task's part of a limit, of which all tasks of a process together have eight. */
function shareOf(limit: number, tasks: number): number {
  return Math.ceil(Math.min(limit, (8 * limit) / tasks));
}

/** What is new begins at the first row again, for all that is pending; a walk that was broken off goes on. */
function backfillOf(
  before: BackfillProgress | null,
  pending: Registered["pending"],
): BackfillProgress | null {
  if (Object.keys(pending).length === 0) return before;
  return { after: null, pending: bothPending(before?.pending ?? {}, pending) };
}

function noState(name: string): CdcError {
  return new CdcError(
    "REDRIVE_REFUSED",
    `${name}: there is no state of it, here or in a changelog, and without it nobody knows what became of its rows since: redrive on the machine that has it. Nothing more was sent, and this redrive does not count as done`,
  );
}
