import type { Clock } from "../clock.ts";
import type { DeadLetter, DeadLetters } from "../deliver/dead-letters.ts";
import type { LaneMessage } from "../deliver/lane.ts";
import { CdcError } from "../errors.ts";
import type { Truncate } from "../event.ts";
import { nameOf, type SourceRecord, type TopicPartition } from "../record.ts";
import type { PositionRecord, SyncEntry } from "../state/position-record.ts";
import type { TaskState } from "../state/task-state.ts";
import type { Counters } from "../telemetry/counters.ts";
import { checkpoint } from "./checkpoint.ts";
import { Processor, type Results } from "./processor.ts";
import { RecordQueue } from "./queue.ts";
import { Wake } from "./wake.ts";

/** Where a task's messages go: the lane, or what stands for it. */
export interface OrderedLane {
  /** Messages pushed so far. */
  readonly pushed: number;
  push(messages: readonly LaneMessage[]): void;
  room(): Promise<void>;
  settled(upTo: number): Promise<void>;
  close(): void;
}

export type TaskLimits = {
  readonly queue: { readonly records: number; readonly bytes: number };
  readonly checkpoint: { readonly interval_ms: number; readonly rows: number };
  readonly deadLettersInARow: number;
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
  readonly onFailure: (error: unknown) => void;
};

/** A truncate as the tasks pass it on: what happened, the record that told it, and its name in message ids. */
export type Removal = {
  readonly truncate: Truncate;
  readonly record: SourceRecord;
  readonly place: string;
};

type Request = {
  readonly removal: Removal;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
};

/** Records processed at one go: large enough for one read of the store to serve many, small enough to stay responsive. */
const GROUP = 500;

/**
 * Everything that belongs to one source partition.
 *
 *     running ──stop()──▶ stopping ──▶ closed
 *        └──── failure or abandon() ─────▶ closed
 *
 * One loop takes records, processes them and pushes their messages; checkpoints run beside it, one at a time.
 */
export class Task {
  readonly at: TopicPartition;
  readonly #options: TaskOptions;
  readonly #queue: RecordQueue;
  readonly #wake: Wake;
  readonly #loop: Promise<void>;
  readonly #requests: Request[] = [];
  #phase: "running" | "stopping" | "closed" = "running";
  #paused = false;
  #enqueued: number;
  #letters: DeadLetter[] = [];
  /** The position that the last checkpoint stored. */
  #committed: PositionRecord;
  #lastCheckpoint: number;
  #checkpoint: Promise<void> | null = null;
  /** The truncate that stands next waits for the other tasks, then it is passed. */
  #barrier: "none" | "waiting" | "passed" = "none";
  /** A group is being processed. */
  #busy = false;
  #idleWatchers: (() => void)[] = [];

  constructor(options: TaskOptions) {
    this.at = options.at;
    this.#options = options;
    this.#queue = new RecordQueue(options.limits.queue);
    this.#wake = new Wake(options.clock);
    this.#enqueued = options.processor.position.next;
    this.#committed = options.processor.position;
    this.#lastCheckpoint = options.clock.now();
    this.#loop = this.#run();
  }

  /** The next offset that the task wants; records below it were taken before. */
  get next(): number {
    return this.#enqueued;
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
  remove(removal: Removal): Promise<void> {
    if (this.#phase === "closed") return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#requests.push({ removal, resolve, reject });
      this.#wake.ring();
    });
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
    this.#options.lane.close();
    await this.stop();
  }

  async #run(): Promise<void> {
    try {
      while (this.#phase === "running" || this.#requests.length > 0) await this.#step();
      await this.#checkpointNow();
    } catch (error) {
      if (this.#phase === "running") this.#options.onFailure(error);
    }
    await this.#close();
  }

  async #step(): Promise<void> {
    const request = this.#requests.shift();
    if (request) return this.#serve(request);
    if (this.#barrier === "waiting" || this.#queue.length === 0) {
      if (this.#isIdle) for (const resolve of this.#idleWatchers.splice(0)) resolve();
      this.#checkpointWhenDue();
      return this.#wake.wait(this.#options.limits.checkpoint.interval_ms);
    }
    await this.#makeRoom();
    if (this.#phase !== "running") return;
    await this.#processGroup();
    if (this.#paused && this.#queue.hasRoom) {
      this.#paused = false;
      this.#options.resume();
    }
    this.#checkpointWhenDue();
  }

  get #isIdle(): boolean {
    return this.#queue.length === 0 && this.#barrier === "none" && !this.#busy;
  }

  async #processGroup(): Promise<void> {
    this.#busy = true;
    const group = this.#queue.take(GROUP);
    const results = await this.#options.processor.process(group);
    this.#take(results);
    this.#watchDeadLetters();
    if (results.truncate) await this.#truncate(results.truncate, group.slice(results.count));
    this.#busy = false;
  }

  #take({ messages, letters }: Results): void {
    this.#options.lane.push(messages);
    this.#letters.push(...letters);
  }

  /** A bad deploy refuses every record: better to stop than to drain the topic into the dead letters. */
  #watchDeadLetters(): void {
    const { processor, limits } = this.#options;
    if (processor.refusedInARow < limits.deadLettersInARow) return;
    throw new CdcError(
      "TOO_MANY_DEAD_LETTERS",
      `${nameOf(this.at)}: the last ${processor.refusedInARow} records all ended as dead letters, the last because ${this.#letters.at(-1)?.error.message}; ` +
        "mend the cause and start again, or raise deadLetters.stopAfterInARow",
    );
  }

  /** The memory that uncommitted rows and undelivered messages take is bounded: waits here, and the queue fills. */
  async #makeRoom(): Promise<void> {
    const { lane, state, limits } = this.#options;
    await lane.room();
    if (state.uncommitted + this.#letters.length >= 2 * limits.checkpoint.rows) {
      await this.#checkpoint;
      await this.#checkpointNow();
    }
  }

  /** `rest` begins with the truncate's record. */
  async #truncate(truncate: Truncate, rest: readonly SourceRecord[]): Promise<void> {
    const { onTruncate, processor, counters } = this.#options;
    const [record, ...after] = rest as [SourceRecord, ...SourceRecord[]];
    if (onTruncate === "stop") {
      throw new CdcError(
        "TRUNCATED",
        `${nameOf(record)}: the table was truncated, and onTruncate: stop asks to stop here; set it to remove or ignore to go on`,
      );
    }
    if (onTruncate === "ignore") processor.skip(record);
    else if (this.#barrier !== "passed") {
      this.#queue.putBack(rest);
      return this.#raiseBarrier({
        truncate,
        record,
        place: truncate.position ?? `${record.partition}/${record.offset}`,
      });
    } else {
      this.#barrier = "none";
      await this.#removeOlder({
        truncate,
        record,
        place: truncate.position ?? `${record.partition}/${record.offset}`,
      });
      processor.passTruncate(truncate, record);
    }
    counters.add("truncates");
    this.#queue.putBack(after);
  }

  /** Nothing after a truncate is processed before every task of the topic has it durable; requests still are served. */
  #raiseBarrier(removal: Removal): void {
    this.#barrier = "waiting";
    this.#options.truncateOthers(removal).then(
      () => {
        this.#barrier = "passed";
        this.#wake.ring();
      },
      (error) => this.#options.onFailure(error),
    );
  }

  async #serve({ removal, resolve, reject }: Request): Promise<void> {
    try {
      await this.#removeOlder(removal);
      this.#options.processor.passTruncate(removal.truncate, null);
      await this.#checkpointNow();
      resolve();
    } catch (error) {
      reject(error);
      throw error;
    }
  }

  async #removeOlder({ truncate, record, place }: Removal): Promise<void> {
    const { state, processor } = this.#options;
    for await (const [key, row] of state.rows()) {
      if (!Processor.isBefore(row, truncate)) continue;
      this.#take(processor.remove(key, row, truncate, place, record));
      await this.#makeRoom();
    }
  }

  #checkpointWhenDue(): void {
    const { clock, limits, state, processor } = this.#options;
    if (this.#checkpoint !== null || processor.position === this.#committed) return;
    const elapsed = clock.now() - this.#lastCheckpoint;
    const pending = state.uncommitted + this.#letters.length;
    if (elapsed < limits.checkpoint.interval_ms && pending < limits.checkpoint.rows) return;
    this.#checkpointNow().catch((error) => {
      if (this.#phase === "running") this.#options.onFailure(error);
    });
  }

  /** One checkpoint at a time; resolves when everything processed before the call is durable. */
  async #checkpointNow(): Promise<void> {
    while (this.#checkpoint !== null) await this.#checkpoint;
    const { state, processor, lane, clock, counters } = this.#options;
    const position = processor.position;
    if (position === this.#committed) return;
    const letters = this.#letters;
    this.#letters = [];
    this.#lastCheckpoint = clock.now();
    const done = checkpoint(this.#options, {
      cut: state.cut(position),
      letters,
      messages: lane.pushed,
    });
    this.#checkpoint = done.then(
      () => {
        this.#checkpoint = null;
      },
      () => {
        this.#checkpoint = null;
      },
    );
    await done;
    this.#committed = position;
    counters.add("checkpoints");
  }

  async #close(): Promise<void> {
    this.#phase = "closed";
    this.#options.lane.close();
    await this.#checkpoint;
    for (const { reject } of this.#requests.splice(0)) reject(new Error("the task was closed"));
    for (const resolve of this.#idleWatchers.splice(0)) resolve();
    await this.#options.state.close();
  }
}
