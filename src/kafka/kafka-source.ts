import type { TopicPartition } from "../data/record.ts";
import type { TopicPattern } from "../data/topic-pattern.ts";
import { type Clock, systemClock } from "../lib/clock.ts";
import { CdcError, messageOf } from "../lib/errors.ts";
import type { Logger } from "../lib/logger.ts";
import type { LogRange, Source, SourceListener, SourceStatus } from "../source/source.ts";
import type { LocalState } from "./assignor/member-metadata.ts";
import { FetchHandler } from "./consumer/fetch-handler.ts";
import { GroupMember } from "./consumer/group-member.ts";
import { GroupOffsets } from "./consumer/group-offsets.ts";
import { OwnedPartitions } from "./consumer/owned-partitions.ts";
import { failureOf } from "./failure.ts";
import { type KafkaSettings, kafkaClient } from "./kafka-client.ts";
import { TopicOffsets } from "./topic-offsets.ts";

export type KafkaSourceOptions = {
  readonly kafka: KafkaSettings;
  readonly groupId: string;
  /** Reads all partitions: the group is this process's own, `<groupId>.<uuid>`, with nothing committed. */
  readonly isAlone?: boolean;
  /** Names and patterns; patterns are resolved with each join. */
  readonly topics: readonly TopicPattern[];
  /** How long the group waits for a member that was killed; default 30 s. */
  readonly sessionTimeout_ms?: number;
  /** A consumer that neither fetches nor sends a heartbeat for so long is replaced; default 2 min. */
  readonly stallTimeout_ms?: number;
  /** The partitions with local state, which the group prefers to assign to this process. Called with each join; default none. */
  readonly localStates?: () => readonly LocalState[];
  readonly log: Logger;
  readonly clock?: Clock;
};

const SESSION_TIMEOUT_MS = 30_000;

/** Longer than a join may wait for other members (a minute) and kafkajs' own retries (20 s). */
const STALL_TIMEOUT_MS = 120_000;

/**
 * Reads topics as a member of a consumer group. A partition that stays assigned continues at its offset after a rebalance,
 * paused or not.
 *
 * If the log no longer has the next offset, kafkajs continues at another one without an event. The source then announces
 * the partition as revoked and assigned again: its task is opened again and detects the gap before its first seek.
 */
export class KafkaSource implements Source {
  readonly #options: KafkaSourceOptions;
  readonly #topics: TopicOffsets;
  readonly #member: GroupMember;
  readonly #owned: OwnedPartitions;
  readonly #groupOffsets: GroupOffsets;
  readonly #joined = Promise.withResolvers<void>();
  #listener: SourceListener | undefined;
  #fetchHandler: FetchHandler | undefined;
  #isAssigned = false;
  #stopped: Promise<void> | undefined;

  /** Connects only at `start`. @throws CdcError CONFIGURATION if a TLS file cannot be read or used */
  constructor(options: KafkaSourceOptions) {
    const { kafka, groupId, topics, log, clock = systemClock } = options;
    const { stallTimeout_ms = STALL_TIMEOUT_MS } = options;
    const {
      sessionTimeout_ms = SESSION_TIMEOUT_MS,
      localStates = () => [],
      isAlone = false,
    } = options;
    const client = kafkaClient(kafka, log);
    this.#options = options;
    this.#topics = new TopicOffsets(client, clock, log);
    const consumer = () => this.#member.consumer;
    this.#owned = new OwnedPartitions(consumer, log);
    const owns = (tp: TopicPartition) => this.#owned.get(tp) !== undefined;
    this.#groupOffsets = new GroupOffsets({
      ...{ consumer, owns, clock, log },
      onUnreachable: () => this.#member.replaceConsumer(),
    });
    const metadata = { owned: () => this.#owned.list(), localStates };
    const group = { id: groupId, isAlone, topics, sessionTimeout_ms, stallTimeout_ms, metadata };
    this.#member = new GroupMember(client, group, clock, log, {
      joined: (assignment) => this.#onJoin(assignment),
      batch: (payload) => this.#fetchHandler?.batch(payload),
      skipped: (tp, first, last) => this.#fetchHandler?.skipped(tp, first, last),
      committed: (tp, offset) => this.#groupOffsets.confirm(tp, offset),
      isFetching: () => this.#owned.isFetching,
    });
    this.#joined.promise.catch(() => {});
  }

  /** Rejects with a CdcError if no broker responds (after about 20 s), a topic is missing, access is denied, or when stopped. */
  async start(listener: SourceListener): Promise<void> {
    const range = (tp: TopicPartition) => this.range(tp);
    this.#listener = listener;
    this.#fetchHandler = new FetchHandler(this.#owned, listener, range, this.#options.log);
    this.#run().catch((error) => this.#fail(error));
    await this.#joined.promise;
    // The assignment is announced inside the join, and commits are possible only after it.
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

  /** The state of the consumer. */
  get status(): SourceStatus {
    return { ...this.#member.status, next: this.#owned.next() };
  }

  /** The present ends of the topic's logs by partition. Does not retry: rejects if no broker responds. */
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
      const isAssigned = this.#topics.isAssigned(tp, this.#options.groupId, memberId);
      return this.#owned.get(tp) !== undefined && (await isAssigned);
    } catch (error) {
      this.#options.log.debug({ ...tp, error: messageOf(error) }, "group not available");
      return false;
    }
  }

  commit(tp: TopicPartition, offset: number): Promise<void> {
    return this.#groupOffsets.commit(tp, offset);
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
    this.#fetchHandler = undefined;
    this.#groupOffsets.close();
    await this.#member.leave();
    await this.#topics.close();
  }

  #fail(error: unknown): void {
    if (this.#stopped) return;
    const what = `cannot read from Kafka at ${this.#options.kafka.brokers.join(", ")} (kafka.brokers)`;
    const failure = failureOf(error, what);
    if (this.#isAssigned) this.#listener?.failed(failure);
    else {
      this.#joined.reject(failure);
      this.stop();
    }
  }

  #onJoin(assignment: { readonly [topic: string]: readonly number[] }): void {
    this.#owned.rejoin(assignment);
    this.#listener?.assigned(this.#owned.list());
    this.#isAssigned = true;
    this.#joined.resolve();
  }
}
