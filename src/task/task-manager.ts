import { partitionName, type SourceRecord, type TopicPartition } from "../data/record.ts";
import type { Explanation, Question } from "../explain/explanation.ts";
import { explanationOf } from "../explain/explanation-of.ts";
import { CdcError } from "../lib/errors.ts";
import type { SourceListener } from "../source/source.ts";
import type { RestoreProgress } from "../state/restore.ts";
import { Fencing } from "./fencing.ts";
import type { Task } from "./task.ts";
import { type Assignment, TaskOpener, type TaskOpenerOptions } from "./task-opener.ts";
import { TaskLifecycle } from "./task-state.ts";
import type { TaskStatus } from "./task-status.ts";

export type TaskManagerEvents = {
  /** The pipeline cannot continue. Called once, with the first error. */
  failed(error: unknown): void;
  /** A source with an end was read completely and all its records are processed. */
  ended(): void;
};

/** Partitions opened at the same time: a restore mostly waits for Kafka. */
const CONCURRENT_OPENINGS = 8;

/** Has a task for each assigned partition. */
export class TaskManager implements SourceListener {
  readonly #options: TaskOpenerOptions;
  readonly #events: TaskManagerEvents;
  readonly #tasks = new Map<string, Task>();
  readonly #opener: TaskOpener;
  readonly #fencing: Fencing;
  /** Tasks that ended with an error whose consequence is `reopen`. */
  readonly #reopening = new Set<Task>();
  /** The last assignment that was applied. */
  #assigned: readonly TopicPartition[] = [];
  /** Assigned partitions without a task yet. */
  readonly #opening = new Map<string, Assignment>();
  readonly #restores = new Map<string, RestoreProgress>();
  /** Assignments are applied one after the other: a partition that returns waits until its store is closed. */
  #changes: Promise<void> = Promise.resolve();
  /** Control messages received by all tasks: a task that is idle may become busy again with each. */
  #deliveries = 0;
  /** Assignments announced so far. */
  #assignments = 0;
  /** Assignments announced and not applied yet. */
  #pending = 0;
  #stopping = false;
  #failed = false;

  constructor(options: TaskOpenerOptions, events: TaskManagerEvents) {
    this.#options = options;
    this.#events = events;
    this.#fencing = new Fencing(options.ports.source, options.runtime.clock);
    this.#opener = new TaskOpener(options, {
      restoring: (tp, progress) => this.#restores.set(partitionName(tp), progress),
      delivered: () => {
        this.#deliveries += 1;
      },
      failed: (task, error) => this.#handleFailure(task, error),
    });
  }

  /** All assigned partitions. */
  async taskStatuses(): Promise<readonly TaskStatus[]> {
    const restoreOf = (tp: TopicPartition) => this.#restores.get(partitionName(tp)) ?? null;
    const opening = [...this.#opening.values()].map(
      ({ tp, lifecycle }): TaskStatus => ({
        ...NOT_STARTED,
        ...tp,
        taskState: lifecycle.state,
        restore: restoreOf(tp),
      }),
    );
    const open = [...this.#tasks.values()].map(async (task) => ({
      ...(await task.status()),
      restore: restoreOf(task.tp),
    }));
    return [...opening, ...(await Promise.all(open))];
  }

  /**
   * Explains what was sent about a row, as far as its partition is assigned to this process.
   * @throws CdcError ARGUMENTS if the question is invalid
   */
  async explain(question: Question): Promise<Explanation> {
    const { settings, topology, ports } = this.#options;
    const open = [...this.#tasks.values()].filter((task) => !task.isEnded);
    const opening = [...this.#opening.keys()].map((partition) => ({
      partition,
      why: "it is being opened or restored",
    }));
    return explanationOf(question, {
      ...{ pipeline: settings.name, models: Object.keys(settings.models), topology },
      registry: ports.registry,
      views: open.map(({ view }) => view),
      notSearched: opening,
    });
  }

  /** Every assignment announced so far has been applied. */
  get isSettled(): boolean {
    return this.#assignments > 0 && this.#opening.size === 0 && this.#pending === 0;
  }

  assigned(partitions: readonly TopicPartition[]): void {
    this.#assignments += 1;
    this.#enqueueChange(() => this.#assign(partitions));
  }

  #enqueueChange(work: () => Promise<void>): void {
    this.#pending += 1;
    this.#changes = this.#changes
      .then(work)
      .catch((error) => this.#fail(error))
      .finally(() => {
        this.#pending -= 1;
      });
  }

  records(records: readonly SourceRecord[]): void {
    const [first] = records;
    if (first) this.#tasks.get(partitionName(first))?.enqueue(records);
  }

  async processed(): Promise<void> {
    await this.#changes;
    await this.#untilQuiet((task) => task.processed());
  }

  ended(): void {
    // Without a deadline: a file that was read to its end is complete when all of it is delivered.
    this.processed()
      .then(() => this.#untilQuiet((task) => task.end()))
      .then(() => this.#stopTasks())
      .then(
        () => this.#events.ended(),
        (error) => this.#fail(error),
      );
  }

  failed(error: CdcError): void {
    this.#fail(error);
  }

  /** Delivers and stores what is processed, for at most `deadline_ms`. */
  async stop(deadline_ms: number): Promise<void> {
    this.#stopping = true;
    const { clock, logger } = this.#options.runtime;
    const stopped = new AbortController();
    const deadline = clock.sleep(deadline_ms, stopped.signal).then(() => {
      if (stopped.signal.aborted) return;
      logger.warn(
        { deadline_ms },
        "shutdown deadline reached; undelivered messages will be resent after restart",
      );
      for (const task of this.#tasks.values()) void task.abandon();
    });
    // Opening a partition can last as long as the brokers are away; the source rejects it when it is stopped.
    await Promise.race([this.#changes, deadline]);
    await this.#stopTasks();
    stopped.abort();
    await deadline;
    this.#tasks.clear();
  }

  /** Repeats `work` on all tasks until no control message has arrived in the meantime. */
  async #untilQuiet(work: (task: Task) => Promise<void>): Promise<void> {
    for (let before = -1; before !== this.#deliveries; ) {
      before = this.#deliveries;
      await Promise.all([...this.#tasks.values()].map(work));
    }
  }

  async #stopTasks(): Promise<void> {
    await Promise.all([...this.#tasks.values()].map((task) => this.#stop(task)));
  }

  async #stop(task: Task): Promise<void> {
    await task.stop();
    this.#options.ports.control.unlisten(partitionName(task.tp));
  }

  /** Closes the tasks of revoked partitions, then opens a task for each assigned partition that has none. */
  async #assign(partitions: readonly TopicPartition[]): Promise<void> {
    this.#assigned = partitions;
    const assigned = new Map(partitions.map((tp) => [partitionName(tp), tp]));
    const revoked = [...this.#tasks.values()].filter(
      (task) => this.#reopening.has(task) || !assigned.has(partitionName(task.tp)),
    );
    await Promise.all(revoked.map((task) => this.#revoke(task)));
    const added = [...assigned].filter(([name]) => !this.#tasks.has(name));
    await this.#openAll(added, assigned.size);
    this.#rememberTopics(partitions);
  }

  async #openAll(
    added: readonly (readonly [string, TopicPartition])[],
    tasks: number,
  ): Promise<void> {
    for (const [name, { topic, partition }] of added)
      this.#opening.set(name, { tp: { topic, partition }, lifecycle: new TaskLifecycle() });
    const waiting = [...this.#opening];
    const worker = async () => {
      for (let next = waiting.shift(); next && !this.#stopping; next = waiting.shift()) {
        const [name, assignment] = next;
        const task = await this.#open(assignment, tasks);
        this.#opening.delete(name);
        if (task) this.#tasks.set(name, task);
      }
    };
    await Promise.all(Array.from({ length: CONCURRENT_OPENINGS }, worker)).finally(() =>
      this.#opening.clear(),
    );
  }

  #rememberTopics(partitions: readonly TopicPartition[]): void {
    const { knownTopics } = this.#options;
    const topics = new Set(partitions.map(({ topic }) => topic));
    const added = [...topics].filter((topic) => !knownTopics.has(topic));
    if (added.length > 0) knownTopics.add(added);
  }

  async #revoke(task: Task): Promise<void> {
    const name = partitionName(task.tp);
    await task.abandon();
    this.#options.ports.control.unlisten(name);
    this.#tasks.delete(name);
    this.#reopening.delete(task);
    this.#restores.delete(name);
    this.#options.runtime.logger.info({ ...task.tp }, "partition revoked");
  }

  /** @returns `null` if another process has taken over the partition in the meantime */
  async #open(assignment: Assignment, tasks: number): Promise<Task | null> {
    try {
      return await this.#opener.open(assignment, tasks);
    } catch (error) {
      if (!assignment.lifecycle.isEnded) assignment.lifecycle.transitionTo("failed");
      if (!mustReopen(error)) throw error;
      this.#reopenIfAssigned(assignment.tp);
      return null;
    }
  }

  #handleFailure(task: Task | null, error: unknown): void {
    if (task === null || !mustReopen(error)) return this.#fail(error);
    this.#reopening.add(task);
    void task.abandon();
    this.#reopenIfAssigned(task.tp);
  }

  /** A fenced partition is either assigned to another process, or opened again here from its stored offset. */
  #reopenIfAssigned(tp: TopicPartition): void {
    const { logger } = this.#options.runtime;
    const assignments = this.#assignments;
    const isReassigned = () => this.#assignments !== assignments || this.#stopping;
    logger.warn({ ...tp }, "changelog producer fenced");
    this.#fencing.isStillAssigned(tp, isReassigned).then(
      (isStillAssigned) => {
        if (!isStillAssigned) return;
        logger.warn({ ...tp }, "partition still assigned; reopening task");
        this.#enqueueChange(async () => {
          if (!isReassigned()) await this.#assign(this.#assigned);
        });
      },
      (error) => this.#fail(error),
    );
  }

  #fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#events.failed(error);
  }
}

const NOT_STARTED = {
  nextOffset: null,
  isAllStored: false,
  time: null,
  checkpointed: null,
  usage: null,
  store: null,
} as const;

function mustReopen(error: unknown): boolean {
  return error instanceof CdcError && error.consequence === "reopen";
}
