import type { ControlBatch } from "../coordination/control.ts";
import type { ControlMessage } from "../coordination/control-message.ts";
import { Inbox } from "../coordination/inbox.ts";
import { Outbox } from "../coordination/outbox.ts";
import type { Truncate } from "../data/event.ts";
import type { SourceRecord, TopicPartition } from "../data/record.ts";
import type { StateView } from "../explain/state-view.ts";
import { Signal } from "../lib/signal.ts";
import type { Usage } from "../metrics/usage.ts";
import { Checkpoint, type CheckpointLimits } from "./checkpoint.ts";
import type { Output } from "./output.ts";
import type { RecordProcessor } from "./record-processor.ts";
import { RecordQueue } from "./record-queue.ts";
import { BulkRemoval } from "./removal/bulk-removal.ts";
import type { TaskContext, TaskPorts } from "./task-context.ts";
import type { TaskOffset } from "./task-offset.ts";
import type { TaskState, TaskStatus } from "./task-status.ts";

export type TaskLimits = {
  readonly queue: { readonly records: number; readonly bytes: number };
  readonly checkpoint: CheckpointLimits;
};

export type TaskOptions = {
  readonly context: TaskContext;
  readonly ports: TaskPorts;
  readonly processor: RecordProcessor;
  readonly taskOffset: TaskOffset;
  readonly limits: TaskLimits;
  /** Called with the error that stopped the task. */
  readonly onFailure: (error: unknown) => void;
};

const EMPTY_LIST: Usage = { now: 0, limit: 0 };
const NO_QUEUE = { delivery_queue_messages: EMPTY_LIST, delivery_queue_bytes: EMPTY_LIST };

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
  readonly tp: TopicPartition;
  readonly #options: TaskOptions;
  readonly #recordQueue: RecordQueue;
  readonly #signal: Signal;
  readonly #inbox: Inbox;
  readonly #outbox: Outbox;
  readonly #checkpoint: Checkpoint;
  readonly #bulkRemoval: BulkRemoval;
  readonly #loop: Promise<void>;
  #state: "running" | "stopping" | "closed" = "running";
  #abandoned = false;
  /** The first of the records that are being processed. */
  #processing: SourceRecord | null = null;
  #sourceEnded = false;
  #idleWatchers: (() => void)[] = [];

  constructor(options: TaskOptions) {
    const { context, ports, processor, taskOffset, limits } = options;
    const { tp, clock, counters } = context;
    const { partition } = ports;
    this.tp = tp;
    this.#options = options;
    const { next } = taskOffset.record;
    this.#recordQueue = new RecordQueue({ limit: limits.queue, next, counters, partition });
    this.#signal = new Signal(clock);
    const signal = () => this.#signal.notify();
    this.#inbox = new Inbox(tp.topic, signal);
    this.#outbox = new Outbox(ports.control, signal, (error) => this.#fail(error));
    this.#checkpoint = new Checkpoint({
      ...{ context, ports, taskOffset },
      outbox: this.#outbox,
      isBlocked: () => processor.waitsUntil !== null,
      limits: limits.checkpoint,
    });
    this.#bulkRemoval = new BulkRemoval({
      ...{ context, partition, processor, taskOffset },
      send: (message) => this.#outbox.push([message]),
      take: async (output) => {
        this.#take(output);
        await this.#waitForSpace();
        this.#checkpointWhenDue();
      },
      release: () => this.#waitForHandovers(),
      checkpoint: () => this.#checkpoint.run(),
    });
    this.#loop = this.#run();
  }

  /** What it says of itself. */
  async status(): Promise<Omit<TaskStatus, "restore">> {
    const { context, ports } = this.#options;
    const { next, time, storedTime } = this.#checkpoint.stored;
    const oldest = this.#oldest;
    return {
      ...{ topic: this.tp.topic, partition: this.tp.partition, taskState: this.#shownState },
      nextOffset: next,
      isAllStored: oldest === null,
      time: oldest ?? time,
      checkpointed: storedTime,
      usage: {
        ...this.#recordQueue.usage,
        ...this.#checkpoint.usage,
        ...(ports.queue.usage ?? NO_QUEUE),
      },
      store: await context.state.size(),
    };
  }

  /** What it knows, for a person to look at. */
  get view(): StateView {
    const { topicTopology, syncs, state } = this.#options.context;
    const position = this.#options.taskOffset.record;
    const durable = this.#checkpoint.stored.next;
    return {
      tp: this.tp,
      topicTopology,
      syncs,
      checkpoint: position,
      durable,
      row: (key) => state.lookup(key),
    };
  }

  /** When the first record was made that was taken in and is not stored; Kafka's time of one that is not decoded yet. */
  get #oldest(): number | null {
    const waiting = this.#processing ?? this.#recordQueue.first;
    return this.#checkpoint.oldest ?? waiting?.timestamp ?? null;
  }

  get #shownState(): TaskState {
    if (this.#state !== "running") return "stopping";
    if (this.#options.taskOffset.record.backfill !== null) return "walking";
    return this.#recordQueue.isPaused ? "paused" : "running";
  }

  get isClosed(): boolean {
    return this.#state === "closed";
  }

  /** Takes records in, in the order of their offsets; what it had already is dropped and counted. */
  enqueue(records: readonly SourceRecord[]): void {
    if (this.#state !== "running") return;
    this.#recordQueue.push(records);
    this.#signal.notify();
  }

  /** Takes in what the pipeline's tasks tell each other, in the order of the control log. */
  receiveControl(batch: ControlBatch): void {
    this.#inbox.push(batch);
  }

  /** Resolves when everything taken in so far has been processed (not yet delivered), or the task is closed. */
  processed(): Promise<void> {
    if (this.#isIdle || this.#state === "closed") return Promise.resolve();
    return new Promise((resolve) => this.#idleWatchers.push(resolve));
  }

  /** The source has ended: nothing that a record still waits for will come. Resolves when all is processed. */
  end(): Promise<void> {
    this.#sourceEnded = true;
    this.#signal.notify();
    return this.processed();
  }

  /** Finishes what is processed: delivers it, makes it durable, closes. What only waits is left for the next start. */
  async stop(): Promise<void> {
    if (this.#state === "running") this.#state = "stopping";
    this.#recordQueue.clear();
    this.#signal.notify();
    await this.#loop;
  }

  /** Gives up at once: the partition belongs to somebody else, or time is over. The position says where to go on. */
  async abandon(): Promise<void> {
    this.#abandoned = true;
    this.#options.ports.queue.close();
    this.#outbox.close();
    const released = this.#options.ports.changelog?.release();
    await this.stop();
    await released;
  }

  async #run(): Promise<void> {
    try {
      await this.#backfill();
      while (this.#state === "running") {
        if (await this.#read()) continue;
        await this.#release(this.#now);
        if (this.#recordQueue.isEmpty && (await this.#bulkRemoval.reconcile(this.#now))) continue;
        if (this.#recordQueue.isEmpty || this.#bulkRemoval.isWaiting) await this.#rest();
        else await this.#work();
      }
      await this.#checkpoint.run();
    } catch (error) {
      this.#fail(error);
    }
    await this.#close();
  }

  /** New and changed syncs see every stored row, before anything new is processed. */
  async #backfill(): Promise<void> {
    const { context, processor, taskOffset } = this.#options;
    const { backfill } = taskOffset.record;
    if (backfill === null) return;
    for await (const [key, row] of context.state.rows(backfill.after)) {
      if (this.#state !== "running") return;
      this.#take(processor.backfill(key, row));
      await this.#waitForSpace();
      this.#checkpointWhenDue();
    }
    taskOffset.completeBackfill();
  }

  /** Does what the other tasks ask for; they come first, since they may be waiting for it. */
  async #read(): Promise<boolean> {
    const batch = this.#inbox.take();
    if (!batch) return false;
    for (const message of batch.messages) await this.#handle(message);
    this.#options.taskOffset.passControl(batch.next, this.#bulkRemoval.text);
    return true;
  }

  async #handle(message: ControlMessage): Promise<void> {
    if (message.kind === "handover" || message.kind === "taken")
      this.#take(await this.#options.processor.receive(message));
    else await this.#bulkRemoval.receive(message);
  }

  /** Goes on with records whose waiting is over. */
  async #release(now: number): Promise<void> {
    const { processor } = this.#options;
    if (processor.waitsUntil !== null) this.#take(await processor.release(now));
  }

  /** Nothing to process: sleeps until something comes, a record has waited long enough, or a checkpoint is due. */
  async #rest(): Promise<void> {
    if (this.#isIdle) for (const resolve of this.#idleWatchers.splice(0)) resolve();
    this.#checkpointWhenDue();
    await this.#sleepUntil(this.#options.processor.waitsUntil ?? Number.POSITIVE_INFINITY);
  }

  /** Or until something comes, at most as long as a checkpoint may wait. */
  async #sleepUntil(time: number): Promise<void> {
    const { context, limits } = this.#options;
    const left = Math.min(limits.checkpoint.interval_ms, time - context.clock.now());
    await this.#signal.wait(Math.max(1, left));
  }

  async #work(): Promise<void> {
    await this.#waitForSpace();
    const { processor } = this.#options;
    const group = this.#recordQueue.take(GROUP);
    this.#processing = group[0] ?? null;
    const output = await processor.process(group);
    this.#take(output);
    if (output.truncate) await this.#meet(output.truncate, group.slice(output.count));
    this.#processing = null;
    this.#recordQueue.resume();
    this.#checkpointWhenDue();
  }

  /** When what waits has waited long enough: for what the others tell, or nothing more where the source has ended. */
  get #now(): number {
    return this.#sourceEnded ? Number.POSITIVE_INFINITY : this.#options.context.clock.now();
  }

  get #isIdle(): boolean {
    const isDone = this.#recordQueue.isEmpty && this.#processing === null && this.#inbox.isEmpty;
    const isWaiting = this.#bulkRemoval.isWaiting || !this.#outbox.isIdle;
    const isLocked = this.#options.processor.waitsUntil !== null || this.#bulkRemoval.isPending;
    return isDone && !isWaiting && !(this.#sourceEnded && isLocked);
  }

  #take({ messages, rejected, controlMessages }: Output): void {
    this.#options.ports.queue.push(messages);
    this.#checkpoint.deadLetter(rejected);
    this.#outbox.push(controlMessages);
  }

  /** What uncommitted rows and undelivered messages take is bounded: waits here, and the queue fills. */
  async #waitForSpace(): Promise<void> {
    const { ports, processor } = this.#options;
    await ports.queue.room();
    while (this.#checkpoint.isBehind && this.#state === "running") {
      if (processor.waitsUntil === null) await this.#checkpoint.run();
      else if (!(await this.#read())) await this.#waitForOthers(processor.waitsUntil);
    }
  }

  /** The rows that may wait are too many: waits for those that hold them, or where that may be for ever, not at all. */
  async #waitForOthers(until: number): Promise<void> {
    const isForEver = until === Number.POSITIVE_INFINITY;
    if (!isForEver) await this.#sleepUntil(until);
    await this.#release(isForEver ? until : this.#now);
  }

  /** Until no record waits for another task: each has what it waits for, or has waited long enough. */
  async #waitForHandovers(): Promise<void> {
    const { processor } = this.#options;
    while (processor.waitsUntil !== null && this.#state === "running") {
      for (const message of this.#inbox.takeHandovers()) await this.#handle(message);
      await this.#release(this.#now);
      if (processor.waitsUntil !== null) await this.#waitForOthers(processor.waitsUntil);
    }
  }

  /** A truncate stands at the head of what is left of a group. */
  async #meet(truncate: Truncate, rest: readonly SourceRecord[]): Promise<void> {
    const record = rest[0] as SourceRecord;
    this.#processing = record;
    const isPast = await this.#bulkRemoval.process(truncate, record);
    this.#recordQueue.putBack(isPast ? rest.slice(1) : rest);
  }

  #checkpointWhenDue(): void {
    if (this.#checkpoint.isDue) this.#checkpoint.run().catch((error) => this.#fail(error));
  }

  /** A task that was given up leaves the rest for the next start: that is no failure. */
  #fail(error: unknown): void {
    if (!this.#abandoned) this.#options.onFailure(error);
  }

  async #close(): Promise<void> {
    this.#state = "closed";
    this.#options.ports.queue.close();
    this.#outbox.close();
    await this.#checkpoint.idle();
    await this.#options.ports.changelog?.release();
    for (const resolve of this.#idleWatchers.splice(0)) resolve();
    await this.#options.context.state.close();
  }
}
