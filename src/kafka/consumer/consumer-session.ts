import type { Consumer, EachBatchPayload } from "kafkajs";
import type { TopicPartition } from "../../data/record.ts";
import type { TopicPattern } from "../../data/topic-pattern.ts";
import type { Clock } from "../../lib/clock.ts";
import { withTimeout } from "../../lib/timeout.ts";
import { ConsumerStalled, HeartbeatMonitor, MembershipLost, StallDetector } from "./liveness.ts";

/** Events of a consumer. Called by kafkajs' loop: no method may wait or throw. */
export type ConsumerEvents = {
  /** After each join, before the next fetch: pauses and offsets set now are in effect for it. */
  joined(assignment: { readonly [topic: string]: readonly number[] }, memberId: string): void;
  batch(payload: EachBatchPayload): void;
  /** Records that are not delivered (control records, aborted transactions): `first` to `last`, `first` NaN if unknown. */
  skipped(tp: TopicPartition, first: number, last: number): void;
  /** The group has stored an offset. */
  committed(tp: TopicPartition, offset: number): void;
  /** Whether there is a partition that is not paused. */
  isFetching(): boolean;
};

export type ConsumerSessionOptions = {
  readonly topics: readonly TopicPattern[];
  /** The group removes a member without heartbeats after this time. */
  readonly sessionTimeout_ms: number;
  /** A consumer without activity for this time has stalled. */
  readonly stallTimeout_ms: number;
  readonly clock: Clock;
  readonly events: ConsumerEvents;
};

/** Activity of a consumer, several events a second. */
const ACTIVITY = [
  "consumer.group_join",
  "consumer.fetch_start",
  "consumer.fetch",
  "consumer.heartbeat",
  "consumer.end_batch_process",
] as const;

/** Leaving waits for the current join or fetch, which a broker that does not respond could delay for longer. */
export const LEAVE_TIMEOUT_MS = 8_000;

/**
 * One consumer of kafkajs, from its connection to its end: a crash, a stall, a lost membership, or `end`. Events after
 * its end are ignored.
 */
export class ConsumerSession {
  readonly consumer: Consumer;
  /** Settles when it has joined or cannot. Only then may it be stopped: kafkajs leaks a consumer that is joining. */
  readonly opened: Promise<void>;
  /** Resolves with the error that ended it, or with `undefined` after `end`. */
  readonly ended: Promise<unknown>;
  /**
   * Resolves when a new consumer may start. A crashed consumer has stopped by itself, and the caller of `end` disconnects
   * it. One that stalled or lost its membership continues to fetch: it is disconnected first, within a timeout.
   */
  readonly stopped: Promise<void>;
  readonly #options: ConsumerSessionOptions;
  readonly #session = new AbortController();
  readonly #end = Promise.withResolvers<unknown>();

  constructor(consumer: Consumer, options: ConsumerSessionOptions) {
    this.consumer = consumer;
    this.#options = options;
    this.#listen();
    this.#watch();
    this.opened = this.#open().catch(async (error) => {
      this.end(error);
      await consumer.disconnect().catch(() => {});
    });
    this.ended = this.#end.promise;
    this.stopped = this.ended.then(async (error) => {
      const isRunning = error instanceof MembershipLost || error instanceof ConsumerStalled;
      if (isRunning) await this.#disconnect();
    });
  }

  end(error?: unknown): void {
    this.#session.abort();
    this.#end.resolve(error);
  }

  #listen(): void {
    const { events } = this.#options;
    this.consumer.on("consumer.crash", ({ payload }) => this.end(payload.error));
    this.consumer.on("consumer.group_join", ({ payload }) => {
      if (!this.#isOver) events.joined(payload.memberAssignment, payload.memberId);
    });
    this.consumer.on("consumer.commit_offsets", ({ payload }) => {
      for (const { topic, partitions } of payload.topics)
        for (const { partition, offset } of partitions)
          events.committed({ topic, partition }, Number(offset));
    });
    this.consumer.on("consumer.start_batch_process", ({ payload }) => {
      if (payload.batchSize > 0 || this.#isOver) return;
      const first = payload.firstOffset === null ? Number.NaN : Number(payload.firstOffset);
      events.skipped(payload, first, Number(payload.lastOffset));
    });
  }

  /** Detects the two ways in which a consumer ends without a crash. */
  #watch(): void {
    const { sessionTimeout_ms, stallTimeout_ms, clock, events } = this.#options;
    const heartbeats = new HeartbeatMonitor(sessionTimeout_ms, clock);
    this.consumer.on("consumer.group_join", () => heartbeats.heartbeat());
    this.consumer.on("consumer.heartbeat", () => heartbeats.heartbeat());
    this.consumer.on("consumer.fetch", () => heartbeats.fetched());
    void heartbeats.lost(this.#session.signal).then(() => this.end(new MembershipLost()));
    const stalls = new StallDetector(clock, stallTimeout_ms, () => events.isFetching());
    for (const event of ACTIVITY) this.consumer.on(event, () => stalls.activity());
    void stalls.stalled(this.#session.signal).then((isStalled) => {
      if (isStalled) this.end(new ConsumerStalled(stallTimeout_ms));
    });
  }

  async #open(): Promise<void> {
    const { topics, events } = this.#options;
    await this.consumer.connect();
    await this.consumer.subscribe({ topics: [...topics], fromBeginning: true });
    if (this.#isOver) return;
    await this.consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      // The handler only queues records: nothing would run in parallel.
      partitionsConsumedConcurrently: 1,
      eachBatch: async (payload) => {
        if (!this.#isOver) events.batch(payload);
      },
    });
  }

  async #disconnect(): Promise<void> {
    const left = this.opened.then(() => this.consumer.disconnect());
    await withTimeout(LEAVE_TIMEOUT_MS, this.#options.clock, left).catch(() => {});
  }

  get #isOver(): boolean {
    return this.#session.signal.aborted;
  }
}
