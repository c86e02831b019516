import { randomUUID } from "node:crypto";
import type { Consumer, Kafka } from "kafkajs";
import type { TopicPattern } from "../../data/topic-pattern.ts";
import type { Clock } from "../../lib/clock.ts";
import { messageOf } from "../../lib/errors.ts";
import type { Logger } from "../../lib/logger.ts";
import { backoff_ms } from "../../lib/retry.ts";
import { withTimeout } from "../../lib/timeout.ts";
import type { SourceStatus } from "../../source/source.ts";
import type { MemberMetadata } from "../assignor/member-metadata.ts";
import { stickyAssignor } from "../assignor/sticky-assignor.ts";
import { failureOf, isRetryable } from "../failure.ts";
import { type ConsumerEvents, ConsumerSession, LEAVE_TIMEOUT_MS } from "./consumer-session.ts";
import { ConsumerStalled, MembershipLost } from "./liveness.ts";

const TUNING = {
  allowAutoTopicCreation: false,
  // An idle fetch waits this long, and so does a resumed partition while the others are idle.
  maxWaitTimeInMs: 100,
  minBytes: 1,
  // Fetched records are in memory: four times as much used 100 MB more and was no faster.
  maxBytesPerPartition: 262_144,
  // Compressed bytes: at a compression ratio of ten, a fetch takes 40 MB.
  maxBytes: 4_194_304,
  rebalanceTimeout: 60_000,
  // A member learns of a rebalance from a heartbeat: its partitions are idle for so long.
  heartbeatInterval: 1_000,
  // New partitions of a topic are detected after this time.
  metadataMaxAge: 60_000,
};

export type GroupOptions = {
  readonly id: string;
  /** Each consumer has a group of its own. */
  readonly isAlone: boolean;
  readonly topics: readonly TopicPattern[];
  /** How long the group waits for a member that was killed before it assigns its partitions to others. */
  readonly sessionTimeout_ms: number;
  /** A consumer without activity for this time is replaced. */
  readonly stallTimeout_ms: number;
  readonly metadata: MemberMetadata;
};

/**
 * A permanent member of a consumer group: when kafkajs' consumer ends with a retryable error, a new one joins in its
 * place. kafkajs' own restart is off: a stop during a restart leaks a consumer.
 */
export class GroupMember {
  readonly #kafka: Kafka;
  readonly #group: GroupOptions;
  readonly #events: ConsumerEvents;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #leaving = new AbortController();
  #session: ConsumerSession | undefined;
  #failures = 0;
  #isJoined = false;
  #reason: string | null = null;
  #joins = 0;
  #memberId = "";
  readonly #restarts = { crashed: 0, lost: 0, stalled: 0 };

  constructor(
    kafka: Kafka,
    group: GroupOptions,
    clock: Clock,
    log: Logger,
    events: ConsumerEvents,
  ) {
    this.#kafka = kafka;
    this.#group = group;
    this.#events = events;
    this.#clock = clock;
    this.#log = log;
  }

  /** The current consumer; its group methods throw while it is not joined. */
  get consumer(): Consumer | undefined {
    return this.#session?.consumer;
  }

  /** The member id of the last join; empty before the first. */
  get memberId(): string {
    return this.#memberId;
  }

  get status(): Omit<SourceStatus, "next"> {
    return {
      isJoined: this.#isJoined,
      reason: this.#reason,
      rebalances: this.#joins,
      restarts: { ...this.#restarts },
    };
  }

  /** Resolves when the current consumer has joined, or cannot. */
  get opened(): Promise<void> {
    return this.#session?.opened ?? Promise.resolve();
  }

  /** Resolves after `leave`; rejects with a CdcError if no new consumer can join. Calls `before` each join but the first. */
  async stay(before: () => Promise<void>): Promise<void> {
    const { signal } = this.#leaving;
    for (let joins = 0; !signal.aborted; joins++) {
      const error = await (joins > 0 ? before() : Promise.resolve()).then(
        // After `leave`, nothing would end a consumer that starts now.
        () => (signal.aborted ? undefined : this.#runSession()),
        (error) => error,
      );
      if (signal.aborted) return;
      await this.#recover(error);
    }
  }

  /** Ends the current consumer, as one that is no member; a new one joins. */
  replaceConsumer(): void {
    this.#session?.end(new MembershipLost());
  }

  /** Leaves the group, so that its partitions are assigned to others. Waits for at most the timeout. */
  async leave(): Promise<void> {
    this.#leaving.abort();
    const left = this.opened.then(() => this.consumer?.disconnect());
    try {
      if (await withTimeout(LEAVE_TIMEOUT_MS, this.#clock, left)) return;
      this.#log.warn({ ms: LEAVE_TIMEOUT_MS }, "leaving the group timed out");
    } catch (error) {
      this.#log.warn({ error: messageOf(error) }, "leaving the group failed");
    }
  }

  /** Runs one consumer. Resolves with the error that ended it. */
  async #runSession(): Promise<unknown> {
    const { topics, sessionTimeout_ms, stallTimeout_ms } = this.#group;
    const session = new ConsumerSession(this.#newConsumer(), {
      ...{ topics, sessionTimeout_ms, stallTimeout_ms, clock: this.#clock },
      events: {
        joined: (assignment, memberId) => this.#onJoin(assignment, memberId),
        batch: (payload) => this.#events.batch(payload),
        skipped: (tp, first, last) => this.#events.skipped(tp, first, last),
        committed: (tp, offset) => this.#events.committed(tp, offset),
        isFetching: () => this.#events.isFetching(),
      },
    });
    const stop = () => session.end();
    this.#leaving.signal.addEventListener("abort", stop);
    this.#session = session;
    const error = await session.ended;
    this.#isJoined = false;
    this.#leaving.signal.removeEventListener("abort", stop);
    await session.stopped;
    return error;
  }

  #newConsumer(): Consumer {
    const { id, isAlone, sessionTimeout_ms, metadata } = this.#group;
    return this.#kafka.consumer({
      ...TUNING,
      sessionTimeout: sessionTimeout_ms,
      // A crashed consumer has not left: in the same group, the next one would wait for a session timeout.
      groupId: isAlone ? `${id}.${randomUUID()}` : id,
      partitionAssigners: [stickyAssignor(metadata, this.#log)],
      retry: { restartOnFailure: async () => false },
    });
  }

  #onJoin(assignment: { readonly [topic: string]: readonly number[] }, memberId: string): void {
    this.#failures = 0;
    this.#joins += 1;
    this.#isJoined = true;
    this.#reason = null;
    this.#memberId = memberId;
    this.#events.joined(assignment, memberId);
  }

  /** Waits before the next consumer. @throws CdcError after an error that a new consumer would meet too */
  async #recover(error: unknown): Promise<void> {
    const { id } = this.#group;
    this.#reason = messageOf(error);
    if (!isRetryable(error)) throw failureOf(error, `the Kafka consumer of ${id} failed`);
    const reason = restartReason(error);
    this.#restarts[reason] += 1;
    const ms = Math.round(backoff_ms(this.#failures));
    this.#failures += 1;
    const text =
      reason === "stalled" ? "consumer stalled; restarting" : "consumer failed; rejoining";
    this.#log.warn({ group: id, error: messageOf(error), ms }, text);
    await this.#clock.sleep(ms, this.#leaving.signal);
  }
}

function restartReason(error: unknown): keyof SourceStatus["restarts"] {
  if (error instanceof ConsumerStalled) return "stalled";
  return error instanceof MembershipLost ? "lost" : "crashed";
}
