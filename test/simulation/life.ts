import { TopicControl } from "../../src/coordination/topic-control.ts";
import { partitionName, type TopicPartition } from "../../src/data/record.ts";
import { DeliveryQueue } from "../../src/deliver/delivery-queue.ts";
import { RateLimiter } from "../../src/deliver/rate-limiter.ts";
import { asRecord, JournaledDeadLetters } from "../../src/dlq/dead-letters.ts";
import { FailureRatio } from "../../src/dlq/failure-ratio.ts";
import type { Journal } from "../../src/journal/journal.ts";
import { KafkaOwnedChangelog } from "../../src/kafka/changelog/owned-changelog.ts";
import type { Clock } from "../../src/lib/clock.ts";
import { noopLogger } from "../../src/lib/logger.ts";
import { Counters } from "../../src/metrics/counters.ts";
import { PartitionReader } from "../../src/source/partition-reader.ts";
import type { Changelog } from "../../src/state/changelog.ts";
import type { Store } from "../../src/state/store.ts";
import { TaskManager } from "../../src/task/task-manager.ts";
import type { SharedPorts } from "../../src/task/task-opener.ts";
import { Topology } from "../../src/topology/topology.ts";
import type { MemoryStore } from "../support/memory-store.ts";
import { FencedLog } from "./fenced-log.ts";
import { Lifetime, never } from "./lifetime.ts";
import { LogSource } from "./log-source.ts";
import type { Outside } from "./outside.ts";
import type { SharedLog } from "./shared-log.ts";
import type { Service } from "./weather.ts";

/** Where a process has its stores, and what it has begun with: it outlives the life. */
export type Disk = {
  readonly knownTopics: { has(topic: string): boolean; add(topics: readonly string[]): void };
  open(directory: string): MemoryStore;
};

export type SessionOptions = {
  readonly outside: Outside;
  readonly disk: Disk;
  /** Whether the group has the partition here. */
  readonly holds: (tp: TopicPartition) => boolean;
  /** Tells the group of an offset. */
  readonly commit: (tp: TopicPartition, offset: number) => void;
  readonly onFailure: (error: unknown) => void;
};

/**
 * One run of the process: the real pipeline over what is shared. Whatever it does to the outside is a call, which takes
 * time; where it dies before or in it, nothing that would follow happens.
 */
export class Session {
  readonly manager: TaskManager;
  readonly lifetime: Lifetime;
  readonly source: LogSource;
  readonly counters = new Counters();
  readonly #outside: Outside;
  readonly #control: TopicControl;
  readonly #changelog: Changelog;

  constructor({ outside, disk, holds, commit, onFailure }: SessionOptions) {
    this.#outside = outside;
    const { settings, segment, data, control } = outside;
    this.lifetime = new Lifetime(outside);
    const { clock } = this.lifetime;
    const rateLimiter = new RateLimiter(clock);
    const rejections = FailureRatio.of(settings.deadLetters);
    const written = this.#log(outside.deadLetters, "dead letters");
    const deadLetters = new JournaledDeadLetters(written, asRecord, clock, noopLogger);
    this.source = this.#source(data, holds, commit);
    this.#control = new TopicControl({
      topic: control.tp.topic,
      log: this.#log(control, "control"),
      source: this.#ownSource([control]),
      onDataLoss: "stop",
      clock,
      logger: noopLogger,
      onFailure,
    });
    this.#changelog = this.#changelogOf(clock);
    const { counters } = this;
    const ports: SharedPorts = {
      source: this.source,
      openStore: async (directory) =>
        this.lifetime.isDead ? never() : this.#store(disk.open(directory)),
      createQueue: (limits, onQueueFailure) =>
        new DeliveryQueue({
          destination: {
            send: (texts, signal) => this.#orAborted(segment.send(texts), signal),
          },
          rateLimiter,
          deadLetters,
          clock,
          counters,
          logger: noopLogger,
          linger_ms: settings.segment.linger,
          ...limits,
          maxConsecutive: settings.deadLetters.maxConsecutive,
          rejections,
          onFailure: onQueueFailure,
        }),
      deadLetters,
      control: this.#control,
      changelog: this.#changelog,
      registry: null,
    };
    this.manager = new TaskManager(
      {
        ...{ settings, topology: new Topology(settings), directory: "/state", ports },
        knownTopics: disk.knownTopics,
        runtime: { clock, counters, logger: noopLogger },
      },
      {
        failed: (error) => {
          if (!this.lifetime.isDead) onFailure(error);
        },
        ended: () => {},
      },
    );
  }

  die(): void {
    this.lifetime.die();
    void this.source.stop();
  }

  /** As the process ends by itself: what is under way is delivered and made durable, for a while. */
  async end(): Promise<void> {
    await this.manager.stop(20_000);
    await this.source.stop();
    await this.#control.close();
    await this.#changelog.close();
  }

  #source(
    logs: readonly SharedLog[],
    holds: SessionOptions["holds"],
    commit: SessionOptions["commit"],
  ): LogSource {
    const { weather, group } = this.#outside;
    return new LogSource({
      logs,
      call: this.lifetime.call,
      fetchSize: () => (weather.isStill ? 50 : weather.dice.between(1, 20)),
      committed: (tp) => group.committed.get(partitionName(tp)) ?? null,
      commit,
      holds,
    });
  }

  /** Of logs that every process reads whole. */
  #ownSource(logs: readonly SharedLog[]): LogSource {
    const source = this.#source(
      logs,
      () => true,
      () => {},
    );
    const start = source.start.bind(source);
    source.start = async (listener) => {
      await start(listener);
      source.assign(logs.map(({ tp }) => tp));
    };
    return source;
  }

  #changelogOf(clock: Clock): Changelog {
    const { changelogs, epochs, weather } = this.#outside;
    const reader = new PartitionReader(this.#ownSource(changelogs), clock);
    return {
      own: ({ partition }) => {
        const log = changelogs[partition] as SharedLog;
        const fenced = new FencedLog({ log, epochs, weather, call: this.lifetime.call });
        const { tp } = log;
        return KafkaOwnedChangelog.take({
          tp,
          log: fenced,
          reader,
          start: 0,
          clock,
          logger: noopLogger,
        });
      },
      close: () => reader.close(),
    };
  }

  #log(log: SharedLog, service: Service): Journal {
    const { weather } = this.#outside;
    return {
      append: (entries) =>
        this.lifetime.call(service, () => {
          if (weather.fails(service)) throw new Error("no broker answers");
          log.append(entries);
          if (weather.fails(service)) throw new Error("the acknowledgement was lost");
        }),
      close: async () => {},
    };
  }

  #store(store: MemoryStore): Store {
    return {
      get: async (keys) => (this.lifetime.isDead ? never() : store.get(keys)),
      write: (entries) => this.lifetime.call("store", () => store.write(entries)),
      scan: (from, to) => store.scan(from, to),
      close: async () => (this.lifetime.isDead ? never() : store.close()),
    };
  }

  /** What Segment was sent goes on without the sender. */
  async #orAborted<T>(response: Promise<T>, signal: AbortSignal): Promise<T | { failure: string }> {
    const aborted = new Promise<{ failure: string }>((resolve) => {
      const end = () => resolve({ failure: "aborted" });
      if (signal.aborted) end();
      else signal.addEventListener("abort", end, { once: true });
    });
    return Promise.race([this.lifetime.call("segment", () => response), aborted]);
  }
}
