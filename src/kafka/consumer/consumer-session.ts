import type { Consumer, EachBatchPayload } from "kafkajs";
import type { TopicPartition } from "../../data/record.ts";
import type { TopicPattern } from "../../data/topic-pattern.ts";
import type { Clock } from "../../lib/clock.ts";
import { withTimeout } from "../../lib/timeout.ts";
import { ConsumerStalled, HeartbeatMonitor, MembershipLost, StallDetector } from "./liveness.ts";

/** What happens to a consumer. Called by kafkajs' own loop: no method may wait or throw. */
export type ConsumerEvents = {
  /** Joined or re-joined, before the next fetch: what is paused or sought now holds for it. */
  joined(assignment: { readonly [topic: string]: readonly number[] }, memberId: string): void;
  batch(payload: EachBatchPayload): void;
  /** Records that are not shown (control records, aborted transactions): `first` to `last`, `first` NaN if unknown. */
  skipped(tp: TopicPartition, first: number, last: number): void;
  /** Whether there is a partition that is not paused. */
  isFetching(): boolean;
};

export type ConsumerSessionOptions = {
  readonly topics: readonly TopicPattern[];
  /** The group forgets a member that it does not hear for so long. */
  readonly sessionTimeout_ms: number;
  /** A consumer that is silent for so long has ended. */
  readonly stallTimeout_ms: number;
  readonly clock: Clock;
  readonly events: ConsumerEvents;
};

/** A sign of life, each of them, several a second. */
const SIGNS = [
  "consumer.group_join",
  "consumer.fetch_start",
  "consumer.fetch",
  "consumer.heartbeat",
  "consumer.end_batch_process",
] as const;

/** Leaving waits for the join or the fetch under way; a broker that does not answer must not hold it longer. */
export const LEAVE_WITHIN_MS = 8_000;

/**
 * One consumer of kafkajs, from its connection to whatever ends it: a crash, a silence, a group that forgot it, or us.
 * What it does after its end is not listened to.
 */
export class ConsumerSession {
  readonly consumer: Consumer;
  /** Settles when it has joined or will not. Only then may it be stopped: kafkajs loses one that is joining. */
  readonly opened: Promise<void>;
  /** Resolves with the error that ended it; with `undefined` where it was told to end. */
  readonly ended: Promise<unknown>;
  /**
   * Resolves after that: at once for one that crashed, which has stopped, or was told to end, which is stopped by who told
   * it; for one that reads on when it has stopped, or has taken too long to.
   */
  readonly gone: Promise<void>;
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
    this.gone = this.ended.then(async (error) => {
      const readsOn = error instanceof MembershipLost || error instanceof ConsumerStalled;
      if (readsOn) await this.#drop();
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
    this.consumer.on("consumer.start_batch_process", ({ payload }) => {
      if (payload.batchSize > 0 || this.#isOver) return;
      const first = payload.firstOffset === null ? Number.NaN : Number(payload.firstOffset);
      events.skipped(payload, first, Number(payload.lastOffset));
    });
  }

  /** For the two ways in which a consumer ends without saying so. */
  #watch(): void {
    const { sessionTimeout_ms, stallTimeout_ms, clock, events } = this.#options;
    const heartbeats = new HeartbeatMonitor(sessionTimeout_ms, clock);
    this.consumer.on("consumer.group_join", () => heartbeats.heartbeat());
    this.consumer.on("consumer.heartbeat", () => heartbeats.heartbeat());
    this.consumer.on("consumer.fetch", () => heartbeats.fetched());
    void heartbeats.lost(this.#session.signal).then(() => this.end(new MembershipLost()));
    const dog = new StallDetector(clock, stallTimeout_ms, () => events.isFetching());
    for (const sign of SIGNS) this.consumer.on(sign, () => dog.seen());
    void dog.stalled(this.#session.signal).then((isSkipped) => {
      if (isSkipped) this.end(new ConsumerStalled(stallTimeout_ms));
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
      // The handler only takes records in: there is nothing that could overlap.
      partitionsConsumedConcurrently: 1,
      eachBatch: async (payload) => {
        if (!this.#isOver) events.batch(payload);
      },
    });
  }

  /** Bounded in time, like leaving. */
  async #drop(): Promise<void> {
    const left = this.opened.then(() => this.consumer.disconnect());
    await withTimeout(LEAVE_WITHIN_MS, this.#options.clock, left).catch(() => {});
  }

  get #isOver(): boolean {
    return this.#session.signal.aborted;
  }
}
