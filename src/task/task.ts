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
import type { TaskLifecycle } from "./task-state.ts";
import type { TaskStatus } from "./task-status.ts";

export type TaskLimits = {
  readonly queue: { readonly records: number; readonly bytes: number };
  readonly checkpoint: CheckpointLimits;
};

export type TaskOptions = {
  readonly context: TaskContext;
  readonly ports: TaskPorts;
  readonly lifecycle: TaskLifecycle;
  readonly processor: RecordProcessor;
  readonly taskOffset: TaskOffset;
  readonly limits: TaskLimits;
  /** Called once, with the error that ended the task. */
  readonly onFailure: (error: unknown) => void;
};

const EMPTY: Usage = { used: 0, limit: 0 };
const NO_QUEUE = { delivery_queue_messages: EMPTY, delivery_queue_bytes: EMPTY };

/** Records processed at once: enough that one read of the store serves many, few enough to react quickly. */
const GROUP_RECORDS = 500;

/**
 * Everything that belongs to one source partition. One loop takes records from the queue, has them processed and passes
 * their messages to the delivery queue; checkpoints run beside it.
 *
 *     source ─▶ RecordQueue ─▶ RecordProcessor ─▶ delivery queue, dead letters, control log
 *                                    │                          │
 *                                    └──▶ TaskStore ─▶ Checkpoint: 1 deliver, 2 changelog, 3 store, 4 commit
 */
export class Task {
  readonly tp: TopicPartition;
  readonly #options: TaskOptions;
  readonly #lifecycle: TaskLifecycle;
  readonly #recordQueue: RecordQueue;
  readonly #signal: Signal;
  readonly #inbox: Inbox;
  readonly #outbox: Outbox;
  readonly #checkpoint: Checkpoint;
  readonly #bulkRemoval: BulkRemoval;
  #loop: Promise<void> = Promise.resolve();
  #isAbandoned = false;
  /** The first of the records being processed. */
  #processing: SourceRecord | null = null;
  #sourceEnded = false;
  #idleWatchers: (() => void)[] = [];

  constructor(options: TaskOptions) {
    const { context, ports, lifecycle, processor, taskOffset, limits } = options;
    const { tp, clock, counters } = context;
    const { partition } = ports;
    this.tp = tp;
    this.#options = options;
    this.#lifecycle = lifecycle;
    const { next } = taskOffset.record;
    this.#recordQueue = new RecordQueue({ limit: limits.queue, next, counters, partition });
    this.#signal = new Signal(clock);
    const notify = () => this.#signal.notify();
    this.#inbox = new Inbox(tp.topic, notify);
    this.#outbox = new Outbox(ports.control, notify, (error) => this.#fail(error));
    this.#checkpoint = new Checkpoint({
      ...{ context, ports, taskOffset },
      outbox: this.#outbox,
      isBlocked: () => processor.waitsUntil !== null,
      limits: limits.checkpoint,
    });
    this.#bulkRemoval = new BulkRemoval({
      ...{ context, partition, processor, taskOffset },
      send: (message) => this.#outbox.push([message]),
      emit: async (output) => {
        this.#emit(output);
        await this.#waitForSpace();
        this.#checkpointWhenDue();
      },
      releaseWaiting: () => this.#waitForHandovers(),
      checkpoint: () => this.#checkpoint.run(),
    });
  }

  /** Starts the loop. */
  start(): void {
    const needsBackfill = this.#options.taskOffset.record.backfill !== null;
    this.#lifecycle.transitionTo(needsBackfill ? "backfilling" : "running");
    this.#loop = this.#run();
  }

  async status(): Promise<Omit<TaskStatus, "restore">> {
    const { context, ports } = this.#options;
    const { next, time, storedTime } = this.#checkpoint.stored;
    const oldest = this.#oldest;
    return {
      ...{ topic: this.tp.topic, partition: this.tp.partition },
      taskState: this.#lifecycle.state,
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

  /** The task's state as `explain` reads it. */
  get view(): StateView {
    const { topicTopology, syncs, state } = this.#options.context;
    return {
      tp: this.tp,
      topicTopology,
      syncs,
      checkpoint: this.#options.taskOffset.record,
      durable: this.#checkpoint.stored.next,
      row: (key) => state.lookup(key),
    };
  }

  /** The time of the first record received and not stored. A record that is not decoded yet has Kafka's timestamp. */
  get #oldest(): number | null {
    const waiting = this.#processing ?? this.#recordQueue.first;
    return this.#checkpoint.oldest ?? waiting?.timestamp ?? null;
  }

  /** Its loop has ended, or is ending, and does nothing more. */
  get isEnded(): boolean {
    return this.#lifecycle.isEnded;
  }

  /** Adds records to the queue, in the order of their offsets. */
  enqueue(records: readonly SourceRecord[]): void {
    if (!this.#lifecycle.isActive) return;
    this.#recordQueue.push(records);
    this.#followQueue();
    this.#signal.notify();
  }

  /** Adds control messages, in the order of the control log. */
  receiveControl(batch: ControlBatch): void {
    this.#inbox.push(batch);
  }

  /** Resolves when all records received so far are processed (not necessarily delivered), or the task has ended. */
  processed(): Promise<void> {
    if (this.#isIdle || this.isEnded) return Promise.resolve();
    return new Promise((resolve) => this.#idleWatchers.push(resolve));
  }

  /** The source has ended: records stop waiting for other tasks. Resolves when all records are processed. */
  end(): Promise<void> {
    this.#sourceEnded = true;
    this.#signal.notify();
    return this.processed();
  }

  /** Delivers and stores what is processed, then closes. Records still in the queue are read again after a restart. */
  async stop(): Promise<void> {
    if (this.#lifecycle.isActive) this.#lifecycle.transitionTo("stopping");
    this.#recordQueue.clear();
    this.#signal.notify();
    await this.#loop;
  }

  /** Closes without delivering: the partition was revoked or fenced, or the shutdown deadline is reached. */
  async abandon(): Promise<void> {
    this.#isAbandoned = true;
    this.#options.ports.queue.close();
    this.#outbox.close();
    const released = this.#options.ports.changelog?.release();
    await this.stop();
    await released;
  }

  async #run(): Promise<void> {
    try {
      await this.#backfill();
      while (this.#lifecycle.isActive) await this.#step();
      if (this.#lifecycle.state === "stopping") await this.#checkpoint.run();
    } catch (error) {
      this.#fail(error);
    }
    await this.#close();
  }

  /** One turn of the loop. Control messages come first: other tasks may wait for the reply. */
  async #step(): Promise<void> {
    if (await this.#handleControlBatch()) return;
    await this.#releaseWaiting(this.#now);
    if (this.#recordQueue.isEmpty && (await this.#bulkRemoval.reconcile(this.#now))) return;
    if (this.#recordQueue.isEmpty || this.#bulkRemoval.isWaiting) await this.#rest();
    else await this.#processGroup();
  }

  /** New and changed syncs read every stored row before new records are processed. */
  async #backfill(): Promise<void> {
    const { context, processor, taskOffset } = this.#options;
    const { backfill } = taskOffset.record;
    if (backfill === null) return;
    for await (const [key, row] of context.state.rows(backfill.after)) {
      if (!this.#lifecycle.isActive) return;
      this.#emit(processor.backfill(key, row));
      await this.#waitForSpace();
      this.#checkpointWhenDue();
    }
    taskOffset.completeBackfill();
    if (this.#lifecycle.state === "backfilling")
      this.#lifecycle.transitionTo(this.#recordQueue.isPaused ? "paused" : "running");
  }

  /** @returns whether there was a batch */
  async #handleControlBatch(): Promise<boolean> {
    const batch = this.#inbox.take();
    if (!batch) return false;
    for (const message of batch.messages) await this.#handleControl(message);
    this.#options.taskOffset.advanceControl(batch.next, this.#bulkRemoval.pendingSnapshotEnd);
    return true;
  }

  async #handleControl(message: ControlMessage): Promise<void> {
    if (message.kind === "handover" || message.kind === "taken")
      this.#emit(await this.#options.processor.receive(message));
    else await this.#bulkRemoval.receive(message);
  }

  /** Continues records whose handover has arrived or whose timeout has passed. */
  async #releaseWaiting(now: number): Promise<void> {
    const { processor } = this.#options;
    if (processor.waitsUntil !== null) this.#emit(await processor.release(now));
  }

  /** There is nothing to process: sleeps until there is, or a record's timeout passes, or a checkpoint is due. */
  async #rest(): Promise<void> {
    if (this.#isIdle) for (const resolve of this.#idleWatchers.splice(0)) resolve();
    this.#checkpointWhenDue();
    await this.#sleepUntil(this.#options.processor.waitsUntil ?? Number.POSITIVE_INFINITY);
  }

  /** Sleeps until `time` or a signal, at most for the checkpoint interval. */
  async #sleepUntil(time: number): Promise<void> {
    const { context, limits } = this.#options;
    const left_ms = Math.min(limits.checkpoint.interval_ms, time - context.clock.now());
    await this.#signal.wait(Math.max(1, left_ms));
  }

  async #processGroup(): Promise<void> {
    await this.#waitForSpace();
    const group = this.#recordQueue.take(GROUP_RECORDS);
    this.#processing = group[0] ?? null;
    const output = await this.#options.processor.process(group);
    this.#emit(output);
    if (output.truncate) await this.#truncate(output.truncate, group.slice(output.count));
    this.#processing = null;
    this.#recordQueue.resume();
    this.#followQueue();
    this.#checkpointWhenDue();
  }

  /** The state follows the queue between `running` and `paused`; a backfill keeps its state. */
  #followQueue(): void {
    const { state } = this.#lifecycle;
    const { isPaused } = this.#recordQueue;
    if (state === "running" && isPaused) this.#lifecycle.transitionTo("paused");
    if (state === "paused" && !isPaused) this.#lifecycle.transitionTo("running");
  }

  /** The time that timeouts are compared with. After the end of the source every timeout has passed. */
  get #now(): number {
    return this.#sourceEnded ? Number.POSITIVE_INFINITY : this.#options.context.clock.now();
  }

  get #isIdle(): boolean {
    const isDone = this.#recordQueue.isEmpty && this.#processing === null && this.#inbox.isEmpty;
    const isWaiting = this.#bulkRemoval.isWaiting || !this.#outbox.isIdle;
    const isPending = this.#options.processor.waitsUntil !== null || this.#bulkRemoval.isPending;
    return isDone && !isWaiting && !(this.#sourceEnded && isPending);
  }

  #emit({ messages, rejected, controlMessages }: Output): void {
    this.#options.ports.queue.push(messages);
    this.#checkpoint.addDeadLetters(rejected);
    this.#outbox.push(controlMessages);
  }

  /** Waits while undelivered messages or uncommitted rows are at their limit, so that the record queue fills. */
  async #waitForSpace(): Promise<void> {
    const { ports, processor } = this.#options;
    await ports.queue.waitForSpace();
    while (this.#checkpoint.isFull && this.#lifecycle.isActive) {
      if (processor.waitsUntil === null) await this.#checkpoint.run();
      else if (!(await this.#handleControlBatch())) await this.#waitForOthers(processor.waitsUntil);
    }
  }

  /** Too many uncommitted rows wait for other tasks: waits for those, but not without a timeout. */
  async #waitForOthers(until: number): Promise<void> {
    const hasTimeout = until !== Number.POSITIVE_INFINITY;
    if (hasTimeout) await this.#sleepUntil(until);
    await this.#releaseWaiting(hasTimeout ? this.#now : until);
  }

  /** Resolves when no record waits for another task: the handover has arrived or the timeout has passed. */
  async #waitForHandovers(): Promise<void> {
    const { processor } = this.#options;
    while (processor.waitsUntil !== null && this.#lifecycle.isActive) {
      for (const message of this.#inbox.takeHandovers()) await this.#handleControl(message);
      await this.#releaseWaiting(this.#now);
      if (processor.waitsUntil !== null) await this.#waitForOthers(processor.waitsUntil);
    }
  }

  /** The first of the remaining records is a truncate. It stays in the queue until all partitions are done with it. */
  async #truncate(truncate: Truncate, remaining: readonly SourceRecord[]): Promise<void> {
    const record = remaining[0] as SourceRecord;
    this.#processing = record;
    const isDone = await this.#bulkRemoval.process(truncate, record);
    this.#recordQueue.putBack(isDone ? remaining.slice(1) : remaining);
  }

  #checkpointWhenDue(): void {
    if (this.#checkpoint.isDue) this.#checkpoint.run().catch((error) => this.#fail(error));
  }

  /** Errors of an abandoned task are expected: its ports are closed. */
  #fail(error: unknown): void {
    if (this.#isAbandoned || this.isEnded) return;
    this.#lifecycle.transitionTo("failed");
    this.#signal.notify();
    this.#options.onFailure(error);
  }

  async #close(): Promise<void> {
    const { context, ports } = this.#options;
    if (!this.isEnded) this.#lifecycle.transitionTo("closed");
    ports.queue.close();
    this.#outbox.close();
    await this.#checkpoint.idle();
    await ports.changelog?.release();
    for (const resolve of this.#idleWatchers.splice(0)) resolve();
    await context.state.close();
  }
}
