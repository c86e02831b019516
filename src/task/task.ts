import type { Control, Delivery } from "../coordination/control.ts";
import type { Letter } from "../coordination/control-message.ts";
import { Inbox } from "../coordination/inbox.ts";
import { Outbox } from "../coordination/outbox.ts";
import type { Truncate } from "../data/event.ts";
import type { SourceRecord, TopicPartition } from "../data/record.ts";
import type { OrderedLane } from "../deliver/outgoing.ts";
import type { DeadLetters } from "../dlq/dead-letters.ts";
import type { Look } from "../explain/state-view.ts";
import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/logger.ts";
import { Wake } from "../lib/signal.ts";
import type { Counters } from "../metrics/counters.ts";
import type { Usage } from "../metrics/usage.ts";
import type { OwnedChangelog } from "../state/changelog.ts";
import type { SyncEntry } from "../state/sync-versions.ts";
import type { TaskState } from "../state/task-state.ts";
import type { TopicPlan } from "../topology/topology.ts";
import { Checkpoint, type CheckpointLimits } from "./checkpoint.ts";
import type { Results } from "./output.ts";
import type { Processor } from "./record-processor.ts";
import { Backlog } from "./record-queue.ts";
import { BulkRemoval } from "./removal/bulk-removal.ts";
import type { TaskPosition } from "./task-offset.ts";
import type { Phase, TaskStanding } from "./task-status.ts";

export type TaskLimits = {
  readonly queue: { readonly records: number; readonly bytes: number };
  readonly checkpoint: CheckpointLimits;
};

export type TaskOptions = {
  readonly at: TopicPartition;
  readonly plan: TopicPlan;
  readonly processor: Processor;
  readonly position: TaskPosition;
  readonly state: TaskState;
  readonly syncs: readonly SyncEntry[];
  readonly lane: OrderedLane;
  readonly deadLetters: DeadLetters;
  readonly control: Control;
  /** `null` where the state is on this machine's disk alone. */
  readonly changelog: OwnedChangelog | null;
  readonly limits: TaskLimits;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly logger: Logger;
  readonly pause: () => void;
  readonly resume: () => void;
  readonly commit: (next: number) => Promise<void>;
  /** The end of the partition's log now; `null` for a recorded file. */
  readonly end: () => Promise<number | null>;
  /** All partitions of the topic. */
  readonly partitions: () => Promise<readonly number[]>;
  /** Called with the error after which the task cannot go on. */
  readonly onFailure: (error: unknown) => void;
};

const NOTHING: Usage = { now: 0, limit: 0 };
const NO_LANE = { lane_messages: NOTHING, lane_bytes: NOTHING };

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
  readonly #backlog: Backlog;
  readonly #wake: Wake;
  readonly #inbox: Inbox;
  readonly #outbox: Outbox;
  readonly #checkpoint: Checkpoint;
  readonly #bulkRemoval: BulkRemoval;
  readonly #loop: Promise<void>;
  #phase: "running" | "stopping" | "closed" = "running";
  #abandoned = false;
  /** The first of the records that are being processed. */
  #processing: SourceRecord | null = null;
  #sourceEnded = false;
  #idleWatchers: (() => void)[] = [];

  constructor(options: TaskOptions) {
    const { at, processor, position, limits, clock, control } = options;
    this.at = at;
    this.#options = options;
    const { next } = position.record;
    this.#backlog = new Backlog({ ...options, limit: limits.queue, next });
    this.#wake = new Wake(clock);
    const wake = () => this.#wake.ring();
    this.#inbox = new Inbox(at.topic, wake);
    this.#outbox = new Outbox(control, wake, (error) => this.#fail(error));
    this.#checkpoint = new Checkpoint({
      ...options,
      outbox: this.#outbox,
      isHeld: () => processor.waitsUntil !== null,
      limits: limits.checkpoint,
    });
    this.#bulkRemoval = new BulkRemoval({
      ...options,
      send: (letter) => this.#outbox.push([letter]),
      take: async (results) => {
        this.#take(results);
        await this.#makeRoom();
        this.#checkpointWhenDue();
      },
      release: () => this.#outwait(),
      checkpoint: () => this.#checkpoint.run(),
    });
    this.#loop = this.#run();
  }

  /** What it says of itself. */
  async standing(): Promise<Omit<TaskStanding, "restore">> {
    const { state, lane } = this.#options;
    const { next, time, at } = this.#checkpoint.stored;
    const oldest = this.#oldest;
    return {
      ...{ topic: this.at.topic, partition: this.at.partition, phase: this.#shownPhase },
      position: next,
      isAllStored: oldest === null,
      time: oldest ?? time,
      checkpointed: at,
      fills: {
        ...this.#backlog.fills,
        ...this.#checkpoint.fills,
        ...(lane.fills ?? NO_LANE),
      },
      state: await state.size(),
    };
  }

  /** What it knows, for a person to look at. */
  get look(): Look {
    const { plan, syncs, state } = this.#options;
    const position = this.#options.position.record;
    const durable = this.#checkpoint.stored.next;
    return { at: this.at, plan, syncs, position, durable, row: (key) => state.look(key) };
  }

  /** When the first record was made that was taken in and is not stored; Kafka's time of one that is not decoded yet. */
  get #oldest(): number | null {
    const waiting = this.#processing ?? this.#backlog.first;
    return this.#checkpoint.oldest ?? waiting?.timestamp ?? null;
  }

  get #shownPhase(): Phase {
    if (this.#phase !== "running") return "stopping";
    if (this.#options.position.record.walk !== null) return "walking";
    return this.#backlog.isPaused ? "paused" : "running";
  }

  get isClosed(): boolean {
    return this.#phase === "closed";
  }

  /** Takes records in, in the order of their offsets; what it had already is dropped and counted. */
  enqueue(records: readonly SourceRecord[]): void {
    if (this.#phase !== "running") return;
    this.#backlog.push(records);
    this.#wake.ring();
  }

  /** Takes in what the pipeline's tasks tell each other, in the order of the control log. */
  deliver(delivery: Delivery): void {
    this.#inbox.push(delivery);
  }

  /** Resolves when everything taken in so far has been processed (not yet delivered), or the task is closed. */
  processed(): Promise<void> {
    if (this.#isIdle || this.#phase === "closed") return Promise.resolve();
    return new Promise((resolve) => this.#idleWatchers.push(resolve));
  }

  /** The source has ended: nothing that a record still waits for will come. Resolves when all is processed. */
  end(): Promise<void> {
    this.#sourceEnded = true;
    this.#wake.ring();
    return this.processed();
  }

  /** Finishes what is processed: delivers it, makes it durable, closes. What only waits is left for the next start. */
  async stop(): Promise<void> {
    if (this.#phase === "running") this.#phase = "stopping";
    this.#backlog.clear();
    this.#wake.ring();
    await this.#loop;
  }

  /** Gives up at once: the partition belongs to somebody else, or time is over. The position says where to go on. */
  async abandon(): Promise<void> {
    this.#abandoned = true;
    this.#options.lane.close();
    this.#outbox.close();
    const released = this.#options.changelog?.release();
    await this.stop();
    await released;
  }

  async #run(): Promise<void> {
    try {
      await this.#walk();
      while (this.#phase === "running") {
        if (await this.#read()) continue;
        await this.#release(this.#now);
        if (this.#backlog.isEmpty && (await this.#bulkRemoval.reconcile(this.#now))) continue;
        if (this.#backlog.isEmpty || this.#bulkRemoval.isWaiting) await this.#rest();
        else await this.#work();
      }
      await this.#checkpoint.run();
    } catch (error) {
      this.#fail(error);
    }
    await this.#close();
  }

  /** New and changed syncs see every stored row, before anything new is processed. */
  async #walk(): Promise<void> {
    const { processor, position, state } = this.#options;
    const { walk } = position.record;
    if (walk === null) return;
    for await (const [key, row] of state.rows(walk.after)) {
      if (this.#phase !== "running") return;
      this.#take(processor.walk(key, row));
      await this.#makeRoom();
      this.#checkpointWhenDue();
    }
    position.walked();
  }

  /** Does what the other tasks ask for; they come first, since they may be waiting for it. */
  async #read(): Promise<boolean> {
    const delivery = this.#inbox.take();
    if (!delivery) return false;
    for (const letter of delivery.letters) await this.#obey(letter);
    this.#options.position.pass(delivery.next, this.#bulkRemoval.text);
    return true;
  }

  async #obey(letter: Letter): Promise<void> {
    if (letter.kind === "hand-over" || letter.kind === "taken")
      this.#take(await this.#options.processor.receive(letter));
    else await this.#bulkRemoval.receive(letter);
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
    const { limits, clock } = this.#options;
    const left = Math.min(limits.checkpoint.interval_ms, time - clock.now());
    await this.#wake.wait(Math.max(1, left));
  }

  async #work(): Promise<void> {
    await this.#makeRoom();
    const { processor } = this.#options;
    const group = this.#backlog.take(GROUP);
    this.#processing = group[0] ?? null;
    const results = await processor.process(group);
    this.#take(results);
    if (results.truncate) await this.#meet(results.truncate, group.slice(results.count));
    this.#processing = null;
    this.#backlog.resume();
    this.#checkpointWhenDue();
  }

  /** When what waits has waited long enough: for what the others tell, or nothing more where the source has ended. */
  get #now(): number {
    return this.#sourceEnded ? Number.POSITIVE_INFINITY : this.#options.clock.now();
  }

  get #isIdle(): boolean {
    const isDone = this.#backlog.isEmpty && this.#processing === null && this.#inbox.isEmpty;
    const isWaiting = this.#bulkRemoval.isWaiting || !this.#outbox.isIdle;
    const isHeld = this.#options.processor.waitsUntil !== null || this.#bulkRemoval.isPending;
    return isDone && !isWaiting && !(this.#sourceEnded && isHeld);
  }

  #take({ messages, refused, letters }: Results): void {
    this.#options.lane.push(messages);
    this.#checkpoint.setAside(refused);
    this.#outbox.push(letters);
  }

  /** What uncommitted rows and undelivered messages take is bounded: waits here, and the queue fills. */
  async #makeRoom(): Promise<void> {
    const { lane, processor } = this.#options;
    await lane.room();
    while (this.#checkpoint.isBehind && this.#phase === "running") {
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
  async #outwait(): Promise<void> {
    const { processor } = this.#options;
    while (processor.waitsUntil !== null && this.#phase === "running") {
      for (const letter of this.#inbox.takeHandOvers()) await this.#obey(letter);
      await this.#release(this.#now);
      if (processor.waitsUntil !== null) await this.#waitForOthers(processor.waitsUntil);
    }
  }

  /** A truncate stands at the head of what is left of a group. */
  async #meet(truncate: Truncate, rest: readonly SourceRecord[]): Promise<void> {
    const record = rest[0] as SourceRecord;
    this.#processing = record;
    const isPast = await this.#bulkRemoval.meet(truncate, record);
    this.#backlog.putBack(isPast ? rest.slice(1) : rest);
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
    this.#outbox.close();
    await this.#checkpoint.idle();
    await this.#options.changelog?.release();
    for (const resolve of this.#idleWatchers.splice(0)) resolve();
    await this.#options.state.close();
  }
}
