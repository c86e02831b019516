import { join } from "node:path";
import type { Settings } from "../config/settings.ts";
import type { Control, Delivery } from "../coordination/control.ts";
import { nameOf, type TopicPartition } from "../data/record.ts";
import type { SchemaRegistry } from "../decode/format/schema-registry.ts";
import type { LaneLimits } from "../deliver/delivery-queue.ts";
import type { OrderedLane } from "../deliver/outgoing.ts";
import type { DeadLetters } from "../dlq/dead-letters.ts";
import { RefusalRatio } from "../dlq/failure-ratio.ts";
import type { Clock } from "../lib/clock.ts";
import { CdcError } from "../lib/errors.ts";
import type { Logger } from "../lib/logger.ts";
import type { Counters } from "../metrics/counters.ts";
import type { Source } from "../source/source.ts";
import type { Changelog, OwnedChangelog } from "../state/changelog.ts";
import { type PositionRecord, UNBEGUN, type Walk } from "../state/checkpoint-record.ts";
import type { BegunTopics } from "../state/known-topics.ts";
import { forget, type RestoreProgress, restore } from "../state/restore.ts";
import type { Store } from "../state/store.ts";
import { bothPending, type Registered, registerSyncs } from "../state/sync-versions.ts";
import { TaskState } from "../state/task-state.ts";
import type { Plans, TopicPlan } from "../topology/topology.ts";
import { keep } from "./checkpoint.ts";
import { Processor, type ProcessorOptions } from "./record-processor.ts";
import { RestoresShown } from "./restore-progress.ts";
import { type Start, startOf } from "./start-offset.ts";
import { Task } from "./task.ts";
import { TaskPosition } from "./task-offset.ts";

export type TaskOpenerOptions = {
  readonly settings: Settings;
  readonly plans: Plans;
  readonly source: Source;
  /** Folder of this pipeline's stores. */
  readonly folder: string;
  /** Topics that this pipeline has begun with. */
  readonly begun: BegunTopics;
  readonly openStore: (folder: string, memory_bytes: number) => Promise<Store>;
  readonly laneFor: (limits: LaneLimits, onFailure: (error: unknown) => void) => OrderedLane;
  readonly deadLetters: DeadLetters;
  /** How the tasks tell each other what concerns several partitions. */
  readonly control: Control;
  /** Where the state goes besides this machine's disk; `null` where nowhere. */
  readonly changelog: Changelog | null;
  /** Where records in Confluent's wire format have their schemas; `null` where no registry is set. */
  readonly registry: SchemaRegistry | null;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly logger: Logger;
  /** What processes the records of a task, where they do not come in their order. */
  readonly processorFor?: (options: ProcessorOptions) => Processor;
  /** A partition that has no state is refused, rather than begun. */
  readonly requireState?: boolean;
};

/** What its tasks tell of themselves. */
export type TaskEvents = {
  /** How far the restore of a partition has come. */
  restoring(at: TopicPartition, progress: RestoreProgress): void;
  /** Another task has told it something. */
  delivered(): void;
  /** A task, or the lane of one that is not there yet, cannot go on. */
  failed(task: Task | null, error: unknown): void;
};

/** A partition on its way to a task. */
type Opening = {
  readonly at: TopicPartition;
  readonly plan: TopicPlan;
  readonly state: TaskState;
  readonly changelog: OwnedChangelog | null;
  readonly committed: number | null;
  readonly tasks: number;
};

const UNTIL_THE_END = {
  keyChangeWait_ms: Number.POSITIVE_INFINITY,
  reconcileWait_ms: Number.POSITIVE_INFINITY,
};

/** Opens a partition: takes its changelog over, restores its state, decides where it begins, and has a task for it. */
export class TaskOpener {
  readonly #options: TaskOpenerOptions;
  readonly #events: TaskEvents;
  readonly #refusals: RefusalRatio;
  readonly #restores: RestoresShown;

  constructor(options: TaskOpenerOptions, events: TaskEvents) {
    this.#options = options;
    this.#events = events;
    this.#restores = new RestoresShown(options);
    this.#refusals = RefusalRatio.of(options.settings.deadLetters);
  }

  /**
   * @param tasks how many partitions this process has: what bounds its memory is shared out over them
   * Rejects with FENCED where another process takes the partition over meanwhile.
   */
  async open(at: TopicPartition, tasks: number): Promise<Task> {
    const { plans, source, folder, openStore, control, clock, settings } = this.#options;
    const plan = plans.get(at.topic);
    if (!plan)
      throw new CdcError("SOURCE_FAILED", `${nameOf(at)} was assigned and no model reads it`);
    // Asked before the changelog is taken over: what was committed until then is in it. Of what a later owner commits
    // while this one is slow it would say that its state is lost.
    const committed = (await source.range(at))?.committed ?? null;
    const home = join(folder, at.topic, String(at.partition));
    const { memory_bytes, forgetDeletedAfter } = settings.state;
    const store = await openStore(home, memory_bytes / tasks);
    const state = new TaskState(store, clock, forgetDeletedAfter);
    const owned = await this.#options.changelog?.own(at).catch(async (error) => {
      await state.close();
      throw error;
    });
    const changelog = owned ?? null;
    const begun = this.#begin({ at, plan, state, changelog, committed, tasks }).catch(
      async (error) => {
        await changelog?.release();
        await state.close();
        throw error;
      },
    );
    const { task, position } = await begun;
    const inbox = (delivery: Delivery) => {
      this.#events.delivered();
      task.deliver(delivery);
    };
    await control.listen(nameOf(at), position.control, inbox).catch(async (error) => {
      await task.abandon();
      throw error;
    });
    source.seek(at, position.next);
    source.resume(at);
    return task;
  }

  /** Decides where the partition begins, makes that durable, and has a task for it. */
  async #begin({
    at,
    plan,
    state,
    changelog,
    committed,
    tasks,
  }: Opening): Promise<{ task: Task; position: PositionRecord }> {
    const share = (limit: number) => shareOf(limit, tasks);
    const { settings, source, begun, deadLetters, control, registry, clock, counters, logger } =
      this.#options;
    const isAdded = changelog && (await this.#restore(at, state, changelog));
    const found = await state.load();
    if (found === null && this.#options.requireState) throw noState(nameOf(at));
    const now = await source.range(at);
    const range = now && { ...now, committed };
    const start = startOf(at, found, range, isAdded ?? begun.has(at.topic), settings.state.onGap);
    if (start.gap !== null) this.#sayGap(at, start);
    if (start.forget) await forget(state, changelog);
    const known = start.forget ? null : found;
    const current = plan.models
      .flatMap((model) => model.syncs)
      .map(({ sync, fingerprint }) => ({ name: sync.name, fingerprint }));
    const { syncs, pending } = registerSyncs(known?.syncs ?? null, current, start.boundary);
    const walk = walkOf(known?.walk ?? null, pending);
    const record: PositionRecord = { ...UNBEGUN, ...known, next: start.next, walk };
    if (walk) {
      const walking = Object.keys(walk.pending).map((number) => syncs[Number(number)]?.name);
      logger.info({ ...at, syncs: walking }, "new or changed syncs see the stored rows");
    }
    await keep({ state, syncs, changelog }, state.cut(record));
    const position = new TaskPosition(record);
    // A recorded file ends: what a record waits for is there by then, or never.
    const planned = range === null ? { ...plan, ...UNTIL_THE_END } : plan;
    const refusedInARow = settings.deadLetters.stopAfterInARow;
    const about = { at, plan: planned, syncs, position, state, clock, counters };
    const { processorFor = (of) => new Processor(of) } = this.#options;
    const task = new Task({
      ...about,
      logger,
      processor: processorFor({ ...about, registry, refusedInARow, refusals: this.#refusals }),
      lane: this.#options.laneFor(
        {
          messages: share(settings.limits.lane_messages),
          bytes: share(settings.limits.lane_bytes),
        },
        (error) => this.#events.failed(null, error),
      ),
      deadLetters,
      control,
      changelog,
      limits: {
        queue: {
          records: share(settings.limits.queue_records),
          bytes: share(settings.limits.queue_bytes),
        },
        checkpoint: {
          ...settings.checkpoint,
          rows: share(settings.checkpoint.rows),
          bytes: share(settings.checkpoint.bytes),
        },
      },
      pause: () => source.pause(at),
      resume: () => source.resume(at),
      commit: (next) => source.commit(at, next),
      end: async () => (await source.range(at))?.end ?? null,
      partitions: () => source.partitions(at.topic),
      onFailure: (error) => this.#events.failed(task, error),
    });
    logger.info({ ...at, position: record.next, ...range }, "partition taken");
    return { task, position: record };
  }

  #sayGap(at: TopicPartition, { gap, forget, next }: Start): void {
    const then = forget ? "its state is built anew from what the topic holds" : "goes on without";
    this.#options.logger.warn({ ...at, position: next, gap }, `gone past what is lost: ${then}`);
  }

  /** @returns whether the partition was added to its topic after the pipeline had begun with it */
  async #restore(
    at: TopicPartition,
    state: TaskState,
    changelog: OwnedChangelog,
  ): Promise<boolean> {
    const { clock, logger, settings } = this.#options;
    const began = clock.now();
    const { how, entries, isAdded } = await restore(state, changelog, {
      now: began,
      forgetDeletedAfter_ms: settings.state.forgetDeletedAfter,
      onProgress: (progress) => {
        this.#events.restoring(at, progress);
        this.#restores.at(nameOf(at), progress);
      },
    }).finally(() => this.#restores.ended(nameOf(at)));
    const ms = clock.now() - began;
    if (how !== "kept") logger.info({ ...at, how, entries, ms }, "state restored");
    return isAdded;
  }
}

/** A task's part of a limit, of which all tasks of a process together have eight. */
function shareOf(limit: number, tasks: number): number {
  return Math.ceil(Math.min(limit, (8 * limit) / tasks));
}

/** What is new begins at the first row again, for all that is pending; a walk that was broken off goes on. */
function walkOf(before: Walk | null, pending: Registered["pending"]): Walk | null {
  if (Object.keys(pending).length === 0) return before;
  return { after: null, pending: bothPending(before?.pending ?? {}, pending) };
}

function noState(name: string): CdcError {
  return new CdcError(
    "REDRIVE_REFUSED",
    `${name}: there is no state of it, here or in a changelog, and without it nobody knows what became of its rows since: redrive on the machine that has it. Nothing more was sent, and this redrive does not count as done`,
  );
}
