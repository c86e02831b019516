import { join } from "node:path";
import type { Changelog, OwnedChangelog } from "../changelog/changelog.ts";
import type { Clock } from "../clock.ts";
import type { Settings } from "../config/settings.ts";
import type { Control, Delivery } from "../control/control.ts";
import type { SchemaRegistry } from "../decode/schema-registry.ts";
import type { DeadLetters } from "../deliver/dead-letters.ts";
import type { LaneLimits } from "../deliver/lane.ts";
import type { OrderedLane } from "../deliver/ordered-lane.ts";
import { RefusalRatio } from "../deliver/refusal-ratio.ts";
import { CdcError } from "../errors.ts";
import { nameOf, type SourceRecord, type TopicPartition } from "../record.ts";
import type { Source, SourceListener } from "../source/source.ts";
import type { BegunTopics } from "../state/begun-topics.ts";
import { type PositionRecord, UNBEGUN, type Walk } from "../state/position-record.ts";
import { forget, restore } from "../state/restore.ts";
import type { Store } from "../state/store.ts";
import { bothPending, type Registered, registerSyncs } from "../state/sync-registry.ts";
import { TaskState } from "../state/task-state.ts";
import type { Counters } from "../telemetry/counters.ts";
import type { Logger } from "../telemetry/log.ts";
import { keep } from "./checkpoint.ts";
import type { Plans, TopicPlan } from "./plan.ts";
import { Processor, type ProcessorOptions } from "./processor.ts";
import { startOf } from "./start.ts";
import { Task } from "./task.ts";

export type TaskManagerOptions = {
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
  /** Called once, with the first error after which the pipeline cannot go on. */
  readonly onFailure: (error: unknown) => void;
  /** Called when a source with an end has been read to it and all is processed. */
  readonly onEnd: () => void;
};

/** Within this time the group tells of a partition that went to another process. */
const FENCED_WITHIN_MS = 90_000;

const PROGRESS_EVERY_MS = 10_000;

/** A restore waits for Kafka more than for us: several go on side by side. */
const OPENED_AT_ONCE = 8;

const UNTIL_THE_END = {
  keyChangeWait_ms: Number.POSITIVE_INFINITY,
  reconcileWait_ms: Number.POSITIVE_INFINITY,
};

/** Has a task for every partition that is owned, and only for those. */
export class TaskManager implements SourceListener {
  readonly #options: TaskManagerOptions;
  readonly #tasks = new Map<string, Task>();
  readonly #refusals: RefusalRatio;
  /** Partitions of this process: what bounds its memory is shared out over them. */
  #owned = 1;
  /** Opens and closes follow each other: a partition that comes back waits until its store is closed. */
  #changes: Promise<void> = Promise.resolve();
  /** Counts what the tasks have told each other: who is asked whether all is done asks again after it. */
  #told = 0;
  /** Assignments that were met: a partition that was fenced is looked at again with the next one. */
  #assignments = 0;
  #stopping = false;
  #failed = false;

  constructor(options: TaskManagerOptions) {
    this.#options = options;
    this.#refusals = RefusalRatio.of(options.settings.deadLetters);
  }

  assigned(partitions: readonly TopicPartition[]): void {
    this.#changes = this.#changes
      .then(() => this.#own(partitions))
      .catch((error) => this.#fail(error));
  }

  records(records: readonly SourceRecord[]): void {
    const [first] = records;
    if (first) this.#tasks.get(nameOf(first))?.enqueue(records);
  }

  async processed(): Promise<void> {
    await this.#changes;
    await this.#all((task) => task.processed());
  }

  ended(): void {
    // However long it takes: a file that was read to its end is done when all of it is delivered.
    this.processed()
      .then(() => this.#all((task) => task.end()))
      .then(() => this.#stopTasks())
      .then(this.#options.onEnd, (error) => this.#fail(error));
  }

  failed(error: CdcError): void {
    this.#fail(error);
  }

  /** Delivers and makes durable what is processed, for at most `deadline_ms`; the rest is left for the next start. */
  async stop(deadline_ms: number): Promise<void> {
    this.#stopping = true;
    const { clock, logger } = this.#options;
    const late = new AbortController();
    const timeout = clock.sleep(deadline_ms, late.signal).then(() => {
      if (late.signal.aborted) return;
      logger.warn({ deadline_ms }, "what was not delivered in time is left for the next start");
      for (const task of this.#tasks.values()) void task.abandon();
    });
    // A partition may be opening for as long as the brokers are away: its source rejects when it is stopped itself.
    await Promise.race([this.#changes, timeout]);
    await this.#stopTasks();
    late.abort();
    await timeout;
    this.#tasks.clear();
  }

  /** Until no task has told the others anything new meanwhile. */
  async #all(work: (task: Task) => Promise<void>): Promise<void> {
    for (let told = -1; told !== this.#told; ) {
      told = this.#told;
      await Promise.all([...this.#tasks.values()].map(work));
    }
  }

  async #stopTasks(): Promise<void> {
    await Promise.all([...this.#tasks.values()].map((task) => this.#stop(task)));
  }

  async #stop(task: Task): Promise<void> {
    await task.stop();
    this.#options.control.unlisten(nameOf(task.at));
  }

  async #own(partitions: readonly TopicPartition[]): Promise<void> {
    this.#assignments += 1;
    const owned = new Map(partitions.map((at) => [nameOf(at), at]));
    // A task that was fenced has ended; where the group gives its partition here again, it is opened anew.
    const lost = [...this.#tasks.values()].filter(
      (task) => task.isClosed || !owned.has(nameOf(task.at)),
    );
    await Promise.all(lost.map((task) => this.#abandon(task)));
    this.#owned = Math.max(1, owned.size);
    const fresh = [...owned.values()].filter((at) => !this.#tasks.has(nameOf(at)));
    const opener = async () => {
      for (let at = fresh.shift(); at && !this.#stopping; at = fresh.shift()) {
        const task = await this.#openUnlessFenced(at);
        if (task) this.#tasks.set(nameOf(at), task);
      }
    };
    await Promise.all(Array.from({ length: OPENED_AT_ONCE }, opener));
    const { begun } = this.#options;
    const topics = new Set(partitions.map(({ topic }) => topic));
    const added = [...topics].filter((topic) => !begun.has(topic));
    if (added.length > 0) begun.add(added);
  }

  async #abandon(task: Task): Promise<void> {
    await task.abandon();
    this.#options.control.unlisten(nameOf(task.at));
    this.#tasks.delete(nameOf(task.at));
    this.#options.logger.info({ at: nameOf(task.at) }, "partition given up");
  }

  async #open(at: TopicPartition): Promise<Task> {
    const { plans, source, folder, openStore, control, clock, settings } = this.#options;
    const plan = plans.get(at.topic);
    if (!plan)
      throw new CdcError("SOURCE_FAILED", `${nameOf(at)} was assigned and no model reads it`);
    // Asked before the changelog is taken over: what was committed until then is in it. Of what a later owner commits
    // while this one is slow it would say that its state is lost.
    const committed = (await source.range(at))?.committed ?? null;
    const home = join(folder, at.topic, String(at.partition));
    const { memory_bytes, forgetDeletedAfter } = settings.state;
    const store = await openStore(home, memory_bytes / this.#owned);
    const state = new TaskState(store, clock, forgetDeletedAfter);
    const owned = await this.#options.changelog?.own(at).catch(async (error) => {
      await state.close();
      throw error;
    });
    const changelog = owned ?? null;
    const begun = this.#begin(at, plan, state, changelog, committed).catch(async (error) => {
      await changelog?.release();
      await state.close();
      throw error;
    });
    const { task, position } = await begun;
    const inbox = (delivery: Delivery) => {
      this.#told += 1;
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
  async #begin(
    at: TopicPartition,
    plan: TopicPlan,
    state: TaskState,
    changelog: OwnedChangelog | null,
    committed: number | null,
  ): Promise<{ task: Task; position: PositionRecord }> {
    const { settings, source, begun, deadLetters, control, registry, clock, counters, logger } =
      this.#options;
    const isAdded = changelog && (await this.#restore(at, state, changelog));
    const found = await state.load();
    if (found === null && this.#options.requireState) throw noState(nameOf(at));
    const now = await source.range(at);
    const range = now && { ...now, committed };
    const start = startOf(at, found, range, isAdded ?? begun.has(at.topic), settings.state.onGap);
    if (start.forget) await forget(state, changelog);
    const known = start.forget ? null : found;
    const current = plan.models
      .flatMap((model) => model.syncs)
      .map(({ sync, fingerprint }) => ({ name: sync.name, fingerprint }));
    const { syncs, pending } = registerSyncs(known?.syncs ?? null, current, start.boundary);
    const walk = walkOf(known?.walk ?? null, pending);
    const position: PositionRecord = { ...UNBEGUN, ...known, next: start.next, walk };
    if (walk) logger.info({ at: nameOf(at), ...walk }, "new or changed syncs see the stored rows");
    await keep({ state, syncs, changelog }, state.cut(position));
    // A recorded file ends: what a record waits for is there by then, or never.
    const planned = range === null ? { ...plan, ...UNTIL_THE_END } : plan;
    const refusedInARow = settings.deadLetters.stopAfterInARow;
    const about = { at, plan: planned, syncs, position, state, clock, counters };
    const { processorFor = (of) => new Processor(of) } = this.#options;
    const task = new Task({
      ...about,
      processor: processorFor({ ...about, registry, refusedInARow, refusals: this.#refusals }),
      lane: this.#options.laneFor(
        {
          messages: this.#share(settings.limits.lane_messages),
          bytes: this.#share(settings.limits.lane_bytes),
        },
        (error) => this.#fail(error),
      ),
      deadLetters,
      control,
      changelog,
      limits: {
        queue: {
          records: this.#share(settings.limits.queue_records),
          bytes: this.#share(settings.limits.queue_bytes),
        },
        checkpoint: settings.checkpoint,
      },
      pause: () => source.pause(at),
      resume: () => source.resume(at),
      commit: (next) => source.commit(at, next),
      end: async () => (await source.range(at))?.end ?? null,
      partitions: () => source.partitions(at.topic),
      onFailure: (error) => this.#failTask(task, error),
    });
    logger.info({ at: nameOf(at), position: position.next, ...range }, "partition taken");
    return { task, position };
  }

  /** A task's part of a limit, of which all tasks together have eight. */
  #share(limit: number): number {
    return Math.ceil(Math.min(limit, (8 * limit) / this.#owned));
  }

  /** Another process may take the partition over while it is opened here. */
  async #openUnlessFenced(at: TopicPartition): Promise<Task | null> {
    try {
      return await this.#open(at);
    } catch (error) {
      if (!isFenced(error)) throw error;
      this.#expectLoss(at);
      return null;
    }
  }

  #failTask(task: Task, error: unknown): void {
    if (!isFenced(error)) return this.#fail(error);
    void task.abandon();
    this.#expectLoss(task.at);
  }

  /** A partition that was fenced belongs to another process: the group says so soon, or something is wrong. */
  #expectLoss(at: TopicPartition): void {
    const { clock, logger } = this.#options;
    const assignment = this.#assignments;
    logger.warn({ at: nameOf(at) }, "another process has taken the partition over");
    void clock.sleep(FENCED_WITHIN_MS).then(() => {
      if (this.#assignments === assignment && !this.#stopping) this.#fail(stillOurs(nameOf(at)));
    });
  }

  /** @returns whether the partition was added to its topic after the pipeline had begun with it */
  async #restore(
    at: TopicPartition,
    state: TaskState,
    changelog: OwnedChangelog,
  ): Promise<boolean> {
    const { clock, logger, settings } = this.#options;
    const began = clock.now();
    let said = began;
    const { how, entries, isAdded } = await restore(state, changelog, {
      now: began,
      forgetDeletedAfter_ms: settings.state.forgetDeletedAfter,
      onProgress: (progress) => {
        if (clock.now() - said < PROGRESS_EVERY_MS) return;
        said = clock.now();
        logger.info({ at: nameOf(at), ...progress }, "restoring");
      },
    });
    const ms = clock.now() - began;
    if (how !== "kept") logger.info({ at: nameOf(at), how, entries, ms }, "state restored");
    return isAdded;
  }

  #fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#options.onFailure(error);
  }
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

function isFenced(error: unknown): boolean {
  return error instanceof CdcError && error.code === "FENCED";
}

function stillOurs(name: string): CdcError {
  return new CdcError(
    "FENCED",
    `${name}: another process writes its changelog, though this one's group has given it here: ` +
      "two pipelines of one `name` run in two groups, or on two Kafka clusters' groups; give one another `name`",
  );
}
