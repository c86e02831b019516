import { partitionName, type SourceRecord, type TopicPartition } from "../data/record.ts";
import { explain } from "../explain/explain.ts";
import type { Explanation, Question } from "../explain/explanation.ts";
import { CdcError } from "../lib/errors.ts";
import type { SourceListener } from "../source/source.ts";
import type { RestoreProgress } from "../state/restore.ts";
import { Fencing } from "./fencing.ts";
import type { Task } from "./task.ts";
import { TaskOpener, type TaskOpenerOptions } from "./task-opener.ts";
import type { TaskStatus } from "./task-status.ts";

export type TaskManagerEvents = {
  /** The pipeline cannot continue. Called once, with the first error. */
  failed(error: unknown): void;
  /** A source with an end was read completely and all its records are processed. */
  ended(): void;
};

/** A restore waits for Kafka more than for us: several go on side by side. */
const OPENED_AT_ONCE = 8;

/** Has a task for every partition that is owned, and only for those. */
export class TaskManager implements SourceListener {
  readonly #options: TaskOpenerOptions;
  readonly #events: TaskManagerEvents;
  readonly #tasks = new Map<string, Task>();
  readonly #opener: TaskOpener;
  readonly #fencing: Fencing;
  /** Tasks that were fenced: they end, and are opened anew where the group has their partitions here. */
  readonly #fenced = new Set<Task>();
  /** What was assigned last, of what was met. */
  #assigned: readonly TopicPartition[] = [];
  /** Assigned and not yet tasks. */
  readonly #opening = new Map<string, TopicPartition>();
  /** How far each partition's restore came. */
  readonly #restores = new Map<string, RestoreProgress>();
  /** Opens and closes follow each other: a partition that comes back waits until its store is closed. */
  #changes: Promise<void> = Promise.resolve();
  /** Counts what was delivered of what the tasks tell each other: who is asked whether all is done asks again after it. */
  #deliveries = 0;
  /** Assignments so far: a partition that was fenced is looked at again with the next one. */
  #assignments = 0;
  /** Assignments that are not met yet. */
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
      failed: (task, error) => this.#failTask(task, error),
    });
  }

  /** Every partition that is here, or on its way to here. */
  async taskStatuses(): Promise<readonly TaskStatus[]> {
    const restoreOf = (tp: TopicPartition) => this.#restores.get(partitionName(tp)) ?? null;
    const opening = [...this.#opening.values()].map(
      (tp): TaskStatus => ({
        ...OPENING,
        ...tp,
        taskState: restoreOf(tp) ? "restoring" : "opening",
        restore: restoreOf(tp),
      }),
    );
    const open = [...this.#tasks.values()].filter((task) => !task.isClosed);
    const taskStatuses = open.map(async (task) => ({
      ...(await task.status()),
      restore: restoreOf(task.tp),
    }));
    return [...opening, ...(await Promise.all(taskStatuses))];
  }

  /**
   * Why something was sent about a row, or not, as far as its partition is here.
   * @throws CdcError ARGUMENTS where the question cannot be understood
   */
  async explain(question: Question): Promise<Explanation> {
    const { settings, topology, ports } = this.#options;
    const open = [...this.#tasks.values()].filter((task) => !task.isClosed);
    const opening = [...this.#opening.keys()].map((partition) => ({
      partition,
      why: "it is being opened, or restored",
    }));
    return explain(question, {
      ...{
        pipeline: settings.name,
        models: Object.keys(settings.models),
        topology,
        registry: ports.registry,
      },
      views: open.map(({ view }) => view),
      notSearched: opening,
    });
  }

  /** Whether what was assigned so far has been opened or given up. */
  get isSettled(): boolean {
    return this.#assignments > 0 && this.#opening.size === 0 && this.#pending === 0;
  }

  assigned(partitions: readonly TopicPartition[]): void {
    this.#assignments += 1;
    this.#change(() => this.#own(partitions));
  }

  #change(work: () => Promise<void>): void {
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
    await this.#all((task) => task.processed());
  }

  ended(): void {
    // However long it takes: a file that was read to its end is done when all of it is delivered.
    this.processed()
      .then(() => this.#all((task) => task.end()))
      .then(() => this.#stopTasks())
      .then(
        () => this.#events.ended(),
        (error) => this.#fail(error),
      );
  }

  failed(error: CdcError): void {
    this.#fail(error);
  }

  /** Delivers and makes durable what is processed, for at most `deadline_ms`; the rest is left for the next start. */
  async stop(deadline_ms: number): Promise<void> {
    this.#stopping = true;
    const { clock, logger } = this.#options.runtime;
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

  async #own(partitions: readonly TopicPartition[]): Promise<void> {
    this.#assigned = partitions;
    const owned = new Map(partitions.map((tp) => [partitionName(tp), tp]));
    const lost = [...this.#tasks.values()].filter(
      (task) => this.#fenced.has(task) || !owned.has(partitionName(task.tp)),
    );
    await Promise.all(lost.map((task) => this.#abandon(task)));
    const fresh = [...owned.values()].filter((tp) => !this.#tasks.has(partitionName(tp)));
    for (const { topic, partition } of fresh)
      this.#opening.set(partitionName({ topic, partition }), { topic, partition });
    const opener = async () => {
      for (let tp = fresh.shift(); tp && !this.#stopping; tp = fresh.shift()) {
        const task = await this.#openUnlessFenced(tp, owned.size);
        this.#opening.delete(partitionName(tp));
        if (task) this.#tasks.set(partitionName(tp), task);
      }
    };
    await Promise.all(Array.from({ length: OPENED_AT_ONCE }, opener)).finally(() =>
      this.#opening.clear(),
    );
    const { knownTopics } = this.#options;
    const topics = new Set(partitions.map(({ topic }) => topic));
    const added = [...topics].filter((topic) => !knownTopics.has(topic));
    if (added.length > 0) knownTopics.add(added);
  }

  async #abandon(task: Task): Promise<void> {
    await task.abandon();
    this.#options.ports.control.unlisten(partitionName(task.tp));
    this.#tasks.delete(partitionName(task.tp));
    this.#fenced.delete(task);
    this.#restores.delete(partitionName(task.tp));
    this.#options.runtime.logger.info({ ...task.tp }, "partition given up");
  }

  /** Another process may take the partition over while it is opened here. */
  async #openUnlessFenced(tp: TopicPartition, tasks: number): Promise<Task | null> {
    try {
      return await this.#opener.open(tp, tasks);
    } catch (error) {
      if (!isReopened(error)) throw error;
      this.#recover(tp);
      return null;
    }
  }

  #failTask(task: Task | null, error: unknown): void {
    if (task === null || !isReopened(error)) return this.#fail(error);
    this.#fenced.add(task);
    void task.abandon();
    this.#recover(task.tp);
  }

  /** A partition that was fenced goes to another process, or is opened anew here: it goes on from its store. */
  #recover(tp: TopicPartition): void {
    const { logger } = this.#options.runtime;
    const assignments = this.#assignments;
    const isTold = () => this.#assignments !== assignments || this.#stopping;
    logger.warn({ ...tp }, "the partition's changelog takes no more of this process");
    this.#fencing.isStillHere(tp, isTold).then(
      (isStillHere) => {
        if (!isStillHere) return;
        logger.warn({ ...tp }, "the group has the partition here still; it is opened anew");
        this.#change(async () => {
          if (!isTold()) await this.#own(this.#assigned);
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

const OPENING = {
  nextOffset: null,
  isAllStored: false,
  time: null,
  checkpointed: null,
  usage: null,
  store: null,
} as const;

function isReopened(error: unknown): boolean {
  return error instanceof CdcError && error.consequence === "reopen";
}
