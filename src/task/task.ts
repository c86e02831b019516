import { isRemovedBy } from "../classify/truncated.ts";
import type { Clock } from "../clock.ts";
import type { DeadLetters } from "../deliver/dead-letters.ts";
import type { OrderedLane } from "../deliver/ordered-lane.ts";
import type { Truncate } from "../event.ts";
import type { SourceRecord, TopicPartition } from "../record.ts";
import type { SyncEntry } from "../state/position-record.ts";
import type { TaskState } from "../state/task-state.ts";
import type { Counters } from "../telemetry/counters.ts";
import { Checkpoint } from "./checkpoint.ts";
import type { Processor, Results } from "./processor.ts";
import { RecordQueue } from "./queue.ts";
import { type Removal, Truncation } from "./truncation.ts";
import { Wake } from "./wake.ts";

export type TaskLimits = {
  readonly queue: { readonly records: number; readonly bytes: number };
  readonly checkpoint: { readonly interval_ms: number; readonly rows: number };
};

export type TaskOptions = {
  readonly at: TopicPartition;
  readonly processor: Processor;
  readonly state: TaskState;
  readonly syncs: readonly SyncEntry[];
  readonly lane: OrderedLane;
  readonly deadLetters: DeadLetters;
  readonly limits: TaskLimits;
  readonly onTruncate: "remove" | "ignore" | "stop";
  readonly clock: Clock;
  readonly counters: Counters;
  readonly pause: () => void;
  readonly resume: () => void;
  readonly commit: (next: number) => Promise<void>;
  /** Has every other task of the topic remove what is from before the truncate; resolves when they have it durable. */
  readonly truncateOthers: (removal: Removal) => Promise<void>;
  /** Called with the error after which the task cannot go on. */
  readonly onFailure: (error: unknown) => void;
};

/** Records processed at one go: enough for one read of the store to serve many, few enough to stay responsive. */
const GROUP = 500;

/**
 * Everything that belongs to one source partition.
 *
 *     running ──stop()──▶ stopping ──▶ closed
 *        └──── failure or abandon() ─────▶ closed
 *
 * One loop takes records, processes them and pushes their messages; checkpoints run beside it.
 */
export class Task {
  readonly at: TopicPartition;
  readonly #options: TaskOptions;
  readonly #queue: RecordQueue;
  readonly #wake: Wake;
  readonly #checkpoint: Checkpoint;
  readonly #truncation: Truncation;
  readonly #loop: Promise<void>;
  #phase: "running" | "stopping" | "closed" = "running";
  #abandoned = false;
  #paused = false;
  #processing = false;
  #enqueued: number;
  #idleWatchers: (() => void)[] = [];

  constructor(options: TaskOptions) {
    const { processor, limits, clock, onTruncate, truncateOthers } = options;
    this.at = options.at;
    this.#options = options;
    this.#queue = new RecordQueue(limits.queue);
    this.#wake = new Wake(clock);
    this.#enqueued = processor.position.next;
    const position = () => processor.position;
    this.#checkpoint = new Checkpoint({ ...options, position, limits: limits.checkpoint });
    this.#truncation = new Truncation({
      policy: onTruncate,
      removeOlder: (removal) => this.#removeOlder(removal),
      truncateOthers,
      wake: () => this.#wake.ring(),
      onFailure: (error) => this.#fail(error),
    });
    this.#loop = this.#run();
  }

  /** Takes records in, in the order of their offsets; what it had already is dropped and counted. */
  enqueue(records: readonly SourceRecord[]): void {
    if (this.#phase !== "running") return;
    const fresh: SourceRecord[] = [];
    for (const record of records) {
      if (record.offset < this.#enqueued) this.#options.counters.add("replayed");
      else {
        fresh.push(record);
        this.#enqueued = record.offset + 1;
      }
    }
    this.#queue.push(fresh);
    if (this.#queue.isFull && !this.#paused) {
      this.#paused = true;
      this.#options.pause();
    }
    this.#wake.ring();
  }

  /** Another partition told of a truncate: removes what is from before it; resolves when that is durable. */
  truncate(removal: Removal): Promise<void> {
    return this.#phase === "closed" ? Promise.resolve() : this.#truncation.ask(removal);
  }

  /** Resolves when everything taken in so far has been processed (not yet delivered), or the task is closed. */
  processed(): Promise<void> {
    if (this.#isIdle || this.#phase === "closed") return Promise.resolve();
    return new Promise((resolve) => this.#idleWatchers.push(resolve));
  }

  /** Finishes what is processed: delivers it, makes it durable, closes. What only waits is left for the next start. */
  async stop(): Promise<void> {
    if (this.#phase === "running") this.#phase = "stopping";
    this.#queue.clear();
    this.#wake.ring();
    await this.#loop;
  }

  /** Gives up at once: the partition belongs to somebody else, or time is over. The position says where to go on. */
  async abandon(): Promise<void> {
    this.#abandoned = true;
    this.#options.lane.close();
    await this.stop();
  }

  async #run(): Promise<void> {
    try {
      while (this.#phase === "running" || !this.#truncation.isIdle) {
        if (await this.#truncation.serve()) continue;
        if (this.#phase !== "running") break;
        if (this.#queue.length === 0 || this.#truncation.isWaiting) await this.#rest();
        else await this.#work();
      }
      await this.#checkpoint.run();
    } catch (error) {
      this.#fail(error);
    }
    await this.#close();
  }

  /** Nothing to process: sleeps until something comes, or the next checkpoint is due. */
  async #rest(): Promise<void> {
    if (this.#isIdle) for (const resolve of this.#idleWatchers.splice(0)) resolve();
    this.#checkpointWhenDue();
    await this.#wake.wait(this.#options.limits.checkpoint.interval_ms);
  }

  async #work(): Promise<void> {
    await this.#makeRoom();
    this.#processing = true;
    const group = this.#queue.take(GROUP);
    const results = await this.#options.processor.process(group);
    this.#take(results);
    if (results.truncate) await this.#meet(results.truncate, group.slice(results.count));
    this.#processing = false;
    if (this.#paused && this.#queue.hasRoom) {
      this.#paused = false;
      this.#options.resume();
    }
    this.#checkpointWhenDue();
  }

  get #isIdle(): boolean {
    return this.#queue.length === 0 && !this.#processing && this.#truncation.isIdle;
  }

  #take({ messages, letters }: Results): void {
    this.#options.lane.push(messages);
    this.#checkpoint.setAside(letters);
  }

  /** What uncommitted rows and undelivered messages take is bounded: waits here, and the queue fills. */
  async #makeRoom(): Promise<void> {
    await this.#options.lane.room();
    if (this.#checkpoint.isBehind) await this.#checkpoint.run();
  }

  /** A truncate stands next, at the head of `rest`: goes past it, or comes back to it once the other tasks are done. */
  async #meet(truncate: Truncate, rest: readonly SourceRecord[]): Promise<void> {
    const [record, ...after] = rest as [SourceRecord, ...SourceRecord[]];
    const past = await this.#truncation.meet(truncate, record);
    this.#queue.putBack(past ? after : rest);
    if (!past) return;
    this.#options.processor.skip(record);
    this.#options.counters.add("truncates");
  }

  async #removeOlder(removal: Removal): Promise<void> {
    const { state, processor } = this.#options;
    for await (const [key, row] of state.rows()) {
      if (!isRemovedBy(removal.truncate, row)) continue;
      this.#take(processor.remove(key, row, removal));
      await this.#makeRoom();
    }
    processor.remember(removal.truncate);
    await this.#checkpoint.run();
  }

  #checkpointWhenDue(): void {
    if (this.#checkpoint.isDue) this.#checkpoint.run().catch((error) => this.#fail(error));
  }

  /** A task that was given up leaves the rest for the next start: that is no failure. */
  #fail(error: unknown): void {
    if (!this.#abandoned) this.#options.onFailure(error);
  }

  async #close(): Promise<void> {
    this.#phase = "closed";
    this.#options.lane.close();
    this.#truncation.close();
    await this.#checkpoint.idle();
    for (const resolve of this.#idleWatchers.splice(0)) resolve();
    await this.#options.state.close();
  }
}
