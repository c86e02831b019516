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
import { failureOf, passes } from "../failure.ts";
import { type ConsumerEvents, ConsumerSession, LEAVE_WITHIN_MS } from "./consumer-session.ts";
import { ConsumerStalled, MembershipLost } from "./liveness.ts";

const TUNING = {
  allowAutoTopicCreation: false,
  // An idle fetch waits this long, and so does a resumed partition whose neighbours are idle.
  maxWaitTimeInMs: 100,
  minBytes: 1,
  // What is fetched and not yet taken in counts in memory: four times as much took 100 MB more, and was no faster.
  maxBytesPerPartition: 262_144,
  // Compressed bytes: a topic that compresses tenfold unfolds to 80 MB at once.
  maxBytes: 4_194_304,
  rebalanceTimeout: 60_000,
  // A member learns of a re-balance by its heart-beat: this is how long its partitions stand still.
  heartbeatInterval: 1_000,
  // New partitions of a topic are seen this late.
  metadataMaxAge: 60_000,
};

export type Group = {
  readonly id: string;
  /** Nobody shares the group. */
  readonly isAlone: boolean;
  readonly topics: readonly TopicPattern[];
  /** How long the group waits for a member that was killed before it gives its partitions to others. */
  readonly sessionTimeout_ms: number;
  /** A consumer that is silent for so long is replaced. */
  readonly stallTimeout_ms: number;
  readonly metadata: MemberMetadata;
};

/**
 * A member of a consumer group that stays one for years: when kafkajs' consumer crashes of something that passes, a
 * new one joins in its place. kafkajs' own restart is off: a stop in the middle of it leaves a consumer nobody holds.
 */
export class GroupMember {
  readonly #kafka: Kafka;
  readonly #group: Group;
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

  constructor(kafka: Kafka, group: Group, clock: Clock, log: Logger, events: ConsumerEvents) {
    this.#kafka = kafka;
    this.#group = group;
    this.#events = events;
    this.#clock = clock;
    this.#log = log;
  }

  /** The consumer of now; its group methods throw while it is not joined. */
  get consumer(): Consumer | undefined {
    return this.#session?.consumer;
  }

  /** As the group knows it since its last join; empty before the first. */
  get memberId(): string {
    return this.#memberId;
  }

  /** What it says of itself. */
  get status(): Omit<SourceStatus, "next"> {
    return {
      isJoined: this.#isJoined,
      reason: this.#reason,
      rebalances: this.#joins,
      restarts: { ...this.#restarts },
    };
  }

  /** Resolves when the consumer of now has joined, or will not. */
  get opened(): Promise<void> {
    return this.#session?.opened ?? Promise.resolve();
  }

  /** Resolves when it has left; rejects with a CdcError when it cannot stay. `before` each join but the first. */
  async stay(before: () => Promise<void>): Promise<void> {
    const { signal } = this.#leaving;
    for (let joins = 0; !signal.aborted; joins++) {
      const error = await (joins > 0 ? before() : Promise.resolve()).then(
        // It may have been told to leave meanwhile: nobody would end a consumer that is born now.
        () => (signal.aborted ? undefined : this.#runSession()),
        (error) => error,
      );
      if (signal.aborted) return;
      await this.#recover(error);
    }
  }

  /** Gives the partitions back. Bounded in time; what takes longer goes on by itself. */
  async leave(): Promise<void> {
    this.#leaving.abort();
    const left = this.opened.then(() => this.consumer?.disconnect());
    try {
      if (await withTimeout(LEAVE_WITHIN_MS, this.#clock, left)) return;
      this.#log.warn({ ms: LEAVE_WITHIN_MS }, "leaving the group takes long, not waiting for it");
    } catch (error) {
      this.#log.warn({ error: messageOf(error) }, "leaving the group failed");
    }
  }

  /** One consumer's life. Resolves with the error that ended it. */
  async #runSession(): Promise<unknown> {
    const { topics, sessionTimeout_ms, stallTimeout_ms } = this.#group;
    const session = new ConsumerSession(this.#newConsumer(), {
      ...{ topics, sessionTimeout_ms, stallTimeout_ms, clock: this.#clock },
      events: {
        joined: (assignment, memberId) => this.#onJoin(assignment, memberId),
        batch: (payload) => this.#events.batch(payload),
        skipped: (tp, first, last) => this.#events.skipped(tp, first, last),
        isFetching: () => this.#events.isFetching(),
      },
    });
    const stop = () => session.end();
    this.#leaving.signal.addEventListener("abort", stop);
    this.#session = session;
    const error = await session.ended;
    this.#isJoined = false;
    this.#leaving.signal.removeEventListener("abort", stop);
    await session.gone;
    return error;
  }

  #newConsumer(): Consumer {
    const { id, isAlone, sessionTimeout_ms, metadata } = this.#group;
    return this.#kafka.consumer({
      ...TUNING,
      sessionTimeout: sessionTimeout_ms,
      // A consumer that crashed has not left: the next one would wait a session long for it in the same group.
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

  /** Waits before the next one. @throws CdcError where no other consumer would fare better */
  async #recover(error: unknown): Promise<void> {
    const { id } = this.#group;
    this.#reason = messageOf(error);
    if (!passes(error)) throw failureOf(error, `the Kafka consumer of ${id} failed`);
    const isSkipped = error instanceof ConsumerStalled;
    this.#restarts[isSkipped ? "stalled" : error instanceof MembershipLost ? "lost" : "crashed"] +=
      1;
    const ms = Math.round(backoff_ms(this.#failures++));
    const text = isSkipped
      ? "the Kafka consumer was silent, a new one takes its place"
      : "the Kafka consumer failed, joining again";
    this.#log.warn({ group: id, error: messageOf(error), ms }, text);
    await this.#clock.sleep(ms, this.#leaving.signal);
  }
}
