import { randomUUID } from "node:crypto";
import type { Consumer, EachBatchPayload, Kafka } from "kafkajs";
import { backOff_ms } from "../back-off.ts";
import type { Clock } from "../clock.ts";
import { messageOf } from "../errors.ts";
import { failureOf, passes } from "../kafka/failure.ts";
import type { TopicPartition } from "../record.ts";
import type { Logger } from "../telemetry/log.ts";
import type { SourceStanding } from "../telemetry/standing.ts";
import type { TopicName } from "../topic-name.ts";
import { LostMember, Pulse } from "./pulse.ts";
import type { Standing } from "./standing.ts";
import { stickyAssigner } from "./sticky-assigner.ts";
import { SilentConsumer, Watchdog } from "./watchdog.ts";
import { within } from "./within.ts";

/** What happens to a member. Called by kafkajs' own loop: no method may wait or throw. */
export type MemberEvents = {
  /** Joined or re-joined, before the next fetch: what is paused or sought now holds for it. */
  joined(assignment: { readonly [topic: string]: readonly number[] }): void;
  batch(payload: EachBatchPayload): void;
  /** Records that are not shown (control records, aborted transactions): `first` to `last`, `first` NaN if unknown. */
  skipped(at: TopicPartition, first: number, last: number): void;
  /** Whether there is a partition that is not paused. */
  isFetching(): boolean;
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
const LEAVE_WITHIN_MS = 8_000;

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

/**
 * A member of a consumer group that stays one for years: when kafkajs' consumer crashes of something that passes, a
 * new one joins in its place. kafkajs' own restart is off: a stop in the middle of it leaves a consumer nobody holds.
 */
export class GroupMember {
  readonly #kafka: Kafka;
  readonly #groupId: string;
  readonly #isAlone: boolean;
  readonly #topics: readonly TopicName[];
  readonly #sessionTimeout: number;
  readonly #silence_ms: number;
  readonly #standing: Standing;
  readonly #events: MemberEvents;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #leaving = new AbortController();
  #consumer: Consumer | undefined;
  /** Settles when the consumer has joined or will not. Only then may it be stopped: kafkajs loses one that is joining. */
  #opening: Promise<void> = Promise.resolve();
  #failures = 0;
  #isJoined = false;
  #reason: string | null = null;
  #joins = 0;
  #memberId = "";
  readonly #restarts = { crashed: 0, lost: 0, silent: 0 };

  constructor(
    kafka: Kafka,
    group: {
      readonly id: string;
      /** Nobody shares the group. */
      readonly isAlone: boolean;
      readonly topics: readonly TopicName[];
      /** How long the group waits for a member that was killed before it gives its partitions to others. */
      readonly sessionTimeout_ms: number;
      /** A consumer that is silent for so long is replaced. */
      readonly silence_ms: number;
      readonly standing: Standing;
    },
    clock: Clock,
    log: Logger,
    events: MemberEvents,
  ) {
    this.#kafka = kafka;
    this.#groupId = group.id;
    this.#isAlone = group.isAlone;
    this.#topics = group.topics;
    this.#sessionTimeout = group.sessionTimeout_ms;
    this.#silence_ms = group.silence_ms;
    this.#standing = group.standing;
    this.#events = events;
    this.#clock = clock;
    this.#log = log;
  }

  /** The consumer of now; its group methods throw while it is not joined. */
  get consumer(): Consumer | undefined {
    return this.#consumer;
  }

  /** As the group knows it since its last join; empty before the first. */
  get memberId(): string {
    return this.#memberId;
  }

  /** What it says of itself. */
  get told(): Omit<SourceStanding, "next"> {
    return {
      isJoined: this.#isJoined,
      reason: this.#reason,
      rebalances: this.#joins,
      restarts: { ...this.#restarts },
    };
  }

  /** Resolves when the consumer of now has joined, or will not. */
  get opened(): Promise<void> {
    return this.#opening;
  }

  /** Resolves when it has left; rejects with SOURCE_FAILED when it cannot stay. `before` each join but the first. */
  async stay(before: () => Promise<void>): Promise<void> {
    const { signal } = this.#leaving;
    for (let joins = 0; !signal.aborted; joins++) {
      const error = await (joins > 0 ? before() : Promise.resolve()).then(
        () => this.#live(),
        (error) => error,
      );
      if (signal.aborted) return;
      const isSilent = error instanceof SilentConsumer;
      this.#isJoined = false;
      this.#reason = messageOf(error);
      if (!passes(error)) throw failureOf(error, `the Kafka consumer of ${this.#groupId} failed`);
      this.#restarts[isSilent ? "silent" : error instanceof LostMember ? "lost" : "crashed"] += 1;
      const ms = Math.round(backOff_ms(this.#failures++));
      const text = isSilent
        ? "the Kafka consumer was silent, a new one takes its place"
        : "the Kafka consumer failed, joining again";
      this.#log.warn({ group: this.#groupId, error: messageOf(error), ms }, text);
      await this.#clock.sleep(ms, signal);
    }
  }

  /** Gives the partitions back. Bounded in time; what takes longer goes on by itself. */
  async leave(): Promise<void> {
    this.#leaving.abort();
    const left = this.#opening.then(() => this.#consumer?.disconnect());
    try {
      if (await within(LEAVE_WITHIN_MS, this.#clock, left)) return;
      this.#log.warn({ ms: LEAVE_WITHIN_MS }, "leaving the group takes long, not waiting for it");
    } catch (error) {
      this.#log.warn({ error: messageOf(error) }, "leaving the group failed");
    }
  }

  /** One consumer's life. Resolves with the error that ended it. */
  async #live(): Promise<unknown> {
    const consumer = this.#kafka.consumer({
      ...TUNING,
      sessionTimeout: this.#sessionTimeout,
      // A consumer that crashed has not left: the next one would wait a session long for it in the same group.
      groupId: this.#isAlone ? `${this.#groupId}.${randomUUID()}` : this.#groupId,
      partitionAssigners: [stickyAssigner(this.#standing, this.#log)],
      retry: { restartOnFailure: async () => false },
    });
    const life = new AbortController();
    const { promise: ended, resolve } = Promise.withResolvers<unknown>();
    const end = (error: unknown) => {
      life.abort();
      resolve(error);
    };
    const stop = () => end(undefined);
    this.#leaving.signal.addEventListener("abort", stop);
    const pulse = new Pulse(this.#sessionTimeout, this.#clock);
    const dog = new Watchdog(this.#clock, this.#silence_ms, () => this.#events.isFetching());
    for (const sign of SIGNS) consumer.on(sign, () => dog.seen());
    consumer.on("consumer.heartbeat", () => pulse.beat());
    consumer.on("consumer.fetch", () => pulse.fetched());
    consumer.on("consumer.crash", ({ payload }) => end(payload.error));
    consumer.on("consumer.group_join", ({ payload }) => {
      pulse.beat();
      this.#failures = 0;
      if (life.signal.aborted) return;
      this.#joins += 1;
      this.#isJoined = true;
      this.#reason = null;
      this.#memberId = payload.memberId;
      this.#events.joined(payload.memberAssignment);
    });
    consumer.on("consumer.start_batch_process", ({ payload }) => {
      if (payload.batchSize > 0 || life.signal.aborted) return;
      const first = payload.firstOffset === null ? Number.NaN : Number(payload.firstOffset);
      this.#events.skipped(payload, first, Number(payload.lastOffset));
    });
    this.#consumer = consumer;
    this.#opening = this.#open(consumer, life.signal).catch(async (error) => {
      end(error);
      await consumer.disconnect().catch(() => {});
    });
    void pulse.lost(life.signal).then(() => {
      if (!life.signal.aborted) end(new LostMember());
    });
    void dog.silence(life.signal).then((isSilent) => {
      if (isSilent) end(new SilentConsumer(this.#silence_ms));
    });
    const error = await ended;
    this.#isJoined = false;
    this.#leaving.signal.removeEventListener("abort", stop);
    if (error instanceof LostMember || error instanceof SilentConsumer) await this.#drop(consumer);
    return error;
  }

  /** A consumer that still reads. Bounded in time, like leaving. */
  async #drop(consumer: Consumer): Promise<void> {
    await within(LEAVE_WITHIN_MS, this.#clock, consumer.disconnect()).catch(() => {});
  }

  async #open(consumer: Consumer, life: AbortSignal): Promise<void> {
    await consumer.connect();
    await consumer.subscribe({ topics: [...this.#topics], fromBeginning: true });
    if (life.aborted) return;
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      // The handler only takes records in: there is nothing that could overlap.
      partitionsConsumedConcurrently: 1,
      eachBatch: async (payload) => {
        if (!life.aborted) this.#events.batch(payload);
      },
    });
  }
}
