import { CdcError } from "../errors.ts";
import { nameOf, type SourceRecord, type TopicPartition } from "../record.ts";
import type { SourceListener } from "../source/source.ts";
import type { Task } from "./task.ts";
import { TaskOpener, type TaskOpenerOptions } from "./task-opener.ts";

export type TaskManagerOptions = TaskOpenerOptions & {
  /** Called once, with the first error after which the pipeline cannot go on. */
  readonly onFailure: (error: unknown) => void;
  /** Called when a source with an end has been read to it and all is processed. */
  readonly onEnd: () => void;
};

/** Within this time the group tells of a partition that went to another process. */
const FENCED_WITHIN_MS = 90_000;

/** A restore waits for Kafka more than for us: several go on side by side. */
const OPENED_AT_ONCE = 8;

/** Has a task for every partition that is owned, and only for those. */
export class TaskManager implements SourceListener {
  readonly #options: TaskManagerOptions;
  readonly #tasks = new Map<string, Task>();
  readonly #opener: TaskOpener;
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
    this.#opener = new TaskOpener(options, {
      delivered: () => {
        this.#told += 1;
      },
      failed: (task, error) => this.#failTask(task, error),
    });
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
    const fresh = [...owned.values()].filter((at) => !this.#tasks.has(nameOf(at)));
    const opener = async () => {
      for (let at = fresh.shift(); at && !this.#stopping; at = fresh.shift()) {
        const task = await this.#openUnlessFenced(at, owned.size);
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

  /** Another process may take the partition over while it is opened here. */
  async #openUnlessFenced(at: TopicPartition, tasks: number): Promise<Task | null> {
    try {
      return await this.#opener.open(at, tasks);
    } catch (error) {
      if (!isFenced(error)) throw error;
      this.#expectLoss(at);
      return null;
    }
  }

  #failTask(task: Task | null, error: unknown): void {
    if (task === null || !isFenced(error)) return this.#fail(error);
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

  #fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#options.onFailure(error);
  }
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
