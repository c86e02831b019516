import type { TopicPartition } from "../data/record.ts";
import type { TopicPattern } from "../data/topic-pattern.ts";
import { type Clock, systemClock } from "../lib/clock.ts";
import { CdcError, messageOf } from "../lib/errors.ts";
import type { Logger } from "../lib/logger.ts";
import { withTimeout } from "../lib/timeout.ts";
import type { LogRange, Source, SourceListener, SourceStatus } from "../source/source.ts";
import type { LocalState } from "./assignor/member-metadata.ts";
import { Intake } from "./consumer/fetch-handler.ts";
import { GroupMember } from "./consumer/group-member.ts";
import { OwnedPartitions } from "./consumer/owned-partitions.ts";
import { failureOf } from "./failure.ts";
import { type KafkaSettings, kafkaClient } from "./kafka-client.ts";
import { Topics } from "./topic-offsets.ts";

export type KafkaSourceOptions = {
  readonly kafka: KafkaSettings;
  readonly groupId: string;
  /** All partitions belong to this process: a group of its own, `<groupId>.<uuid>`, with nothing committed. */
  readonly isAlone?: boolean;
  /** By name, or by a pattern, which is resolved with each join. */
  readonly topics: readonly TopicPattern[];
  /** How long the group waits for a member that was killed; 30 s unless told otherwise. */
  readonly sessionTimeout_ms?: number;
  /** A consumer that neither fetches nor sends a heartbeat for so long is replaced; 2 min unless told otherwise. */
  readonly stallTimeout_ms?: number;
  /** What state this process has: such partitions rather come to it. Asked with each join; none unless told otherwise. */
  readonly localStates?: () => readonly LocalState[];
  readonly log: Logger;
  readonly clock?: Clock;
};

const SESSION_TIMEOUT_MS = 30_000;

/** Longer than a join may wait for the other members (a minute), and a round of tries. */
const SILENCE_MS = 120_000;

/** A commit is a note for the outside: it never holds a checkpoint longer than this. */
const COMMIT_WITHIN_MS = 5_000;

/**
 * Topics of Kafka, read as a member of a consumer group. A kept partition goes on where it was through every re-join,
 * paused or not.
 *
 * A partition whose place the log no longer has (kafkajs then starts elsewhere, in silence) is announced as lost and
 * at once as new: its owner opens it again and meets the gap where every owner does, before its first seek.
 */
export class KafkaSource implements Source {
  readonly #options: KafkaSourceOptions;
  readonly #clock: Clock;
  readonly #topics: Topics;
  readonly #member: GroupMember;
  readonly #owned: OwnedPartitions;
  readonly #joined = Promise.withResolvers<void>();
  #listener: SourceListener | undefined;
  #intake: Intake | undefined;
  #announced = false;
  #stopped: Promise<void> | undefined;

  /** Throws CONFIGURATION when a TLS file cannot be read or used. Connects only at `start`. */
  constructor(options: KafkaSourceOptions) {
    const { kafka, groupId, topics, log, clock = systemClock } = options;
    const { stallTimeout_ms = SILENCE_MS } = options;
    const {
      sessionTimeout_ms = SESSION_TIMEOUT_MS,
      localStates = () => [],
      isAlone = false,
    } = options;
    const client = kafkaClient(kafka, log);
    this.#options = options;
    this.#clock = clock;
    this.#topics = new Topics(client, clock, log);
    this.#owned = new OwnedPartitions(() => this.#member.consumer, log);
    const metadata = { owned: () => this.#owned.list(), localStates };
    const group = { id: groupId, isAlone, topics, sessionTimeout_ms, stallTimeout_ms, metadata };
    this.#member = new GroupMember(client, group, clock, log, {
      joined: (assignment) => this.#onJoin(assignment),
      batch: (payload) => this.#intake?.batch(payload),
      skipped: (tp, first, last) => this.#intake?.skipped(tp, first, last),
      isFetching: () => this.#owned.isFetching,
    });
    this.#joined.promise.catch(() => {});
  }

  /** Rejects with a CdcError: no broker answers (after some 20 s), a topic is missing, access is refused, or stopped. */
  async start(listener: SourceListener): Promise<void> {
    const range = (tp: TopicPartition) => this.range(tp);
    this.#listener = listener;
    this.#intake = new Intake(this.#owned, listener, range, this.#options.log);
    this.#run().catch((error) => this.#fail(error));
    await this.#joined.promise;
    // The assignment is announced inside the join; a commit is taken only after it.
    await this.#member.opened;
  }

  pause(tp: TopicPartition): void {
    const owned = this.#owned.get(tp);
    if (owned) this.#owned.setPaused(owned, true);
  }

  resume(tp: TopicPartition): void {
    const owned = this.#owned.get(tp);
    if (owned) this.#owned.setPaused(owned, false);
  }

  seek(tp: TopicPartition, offset: number): void {
    const owned = this.#owned.get(tp);
    if (owned) this.#owned.seek(owned, offset);
  }

  /** What the consumer says of itself. */
  get status(): SourceStatus {
    return { ...this.#member.status, next: this.#owned.next() };
  }

  /** Where the logs of a topic's partitions end now. One try: rejects where the brokers do not answer. */
  ends(topic: string): Promise<ReadonlyMap<number, number>> {
    return this.#topics.ends(topic);
  }

  range(tp: TopicPartition): Promise<LogRange> {
    return this.#topics.range(tp, this.#options.groupId);
  }

  partitions(topic: string): Promise<readonly number[]> {
    return this.#topics.partitions(topic);
  }

  async owns(tp: TopicPartition): Promise<boolean> {
    const { memberId } = this.#member;
    try {
      const asked = this.#topics.isGiven(tp, this.#options.groupId, memberId);
      return this.#owned.get(tp) !== undefined && (await asked);
    } catch (error) {
      this.#options.log.debug({ ...tp, error: messageOf(error) }, "the group cannot be asked");
      return false;
    }
  }

  /** Never rejects: a commit that the group does not take (re-balancing, lost meanwhile) is only logged. */
  async commit(tp: TopicPartition, offset: number): Promise<void> {
    if (!this.#owned.get(tp)) return;
    const { log } = this.#options;
    const fields = { topic: tp.topic, partition: tp.partition, offset };
    try {
      const work = this.#member.consumer?.commitOffsets([{ ...fields, offset: `${offset}` }]);
      if (await withTimeout(COMMIT_WITHIN_MS, this.#clock, work ?? Promise.resolve())) return;
      log.warn(fields, "the commit takes long, going on without it");
    } catch (error) {
      log.debug({ ...fields, error: messageOf(error) }, "not committed");
    }
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#close();
    return this.#stopped;
  }

  async #run(): Promise<void> {
    const check = () => this.#topics.require(this.#options.topics);
    await check();
    await this.#member.stay(check);
  }

  async #close(): Promise<void> {
    const text = "the Kafka source was stopped before its first assignment";
    this.#joined.reject(new CdcError("SOURCE_CLOSED", text));
    this.#intake = undefined;
    await this.#member.leave();
    await this.#topics.close();
  }

  #fail(error: unknown): void {
    if (this.#stopped) return;
    const what = `cannot read from Kafka at ${this.#options.kafka.brokers.join(", ")} (kafka.brokers)`;
    const failure = failureOf(error, what);
    if (this.#announced) this.#listener?.failed(failure);
    else {
      this.#joined.reject(failure);
      this.stop();
    }
  }

  #onJoin(assignment: { readonly [topic: string]: readonly number[] }): void {
    this.#owned.rejoin(assignment);
    this.#listener?.assigned(this.#owned.list());
    this.#announced = true;
    this.#joined.resolve();
  }
}
