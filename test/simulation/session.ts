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
import type { Environment } from "./environment.ts";
import { Execution, never } from "./execution.ts";
import type { Service } from "./fault-injector.ts";
import { FencedLog } from "./fenced-log.ts";
import { LogSource } from "./log-source.ts";
import type { SharedLog } from "./shared-log.ts";

/** The stores and known topics of a process, which remain after a crash. */
export type Disk = {
  readonly knownTopics: { has(topic: string): boolean; add(topics: readonly string[]): void };
  open(directory: string): MemoryStore;
};

export type SessionOptions = {
  readonly environment: Environment;
  readonly disk: Disk;
  /** Whether the group has assigned the partition to this process. */
  readonly isAssigned: (tp: TopicPartition) => boolean;
  /** Commits a group offset. */
  readonly commit: (tp: TopicPartition, offset: number) => void;
  readonly onFailure: (error: unknown) => void;
};

/**
 * One run of a process: the real tasks over the shared environment. Every effect on the environment is a call, which
 * takes time. If the process is killed before or after a call, nothing that follows happens.
 */
export class Session {
  readonly manager: TaskManager;
  readonly execution: Execution;
  readonly source: LogSource;
  readonly counters = new Counters();
  readonly #environment: Environment;
  readonly #control: TopicControl;
  readonly #changelog: Changelog;

  constructor({ environment, disk, isAssigned, commit, onFailure }: SessionOptions) {
    this.#environment = environment;
    const { settings, segment, data, control } = environment;
    this.execution = new Execution(environment);
    const { clock } = this.execution;
    const rateLimiter = new RateLimiter(clock);
    const rejections = FailureRatio.of(settings.deadLetters);
    const written = this.#log(environment.deadLetters, "dead letters");
    const deadLetters = new JournaledDeadLetters(written, asRecord, clock, noopLogger);
    this.source = this.#source(data, isAssigned, commit);
    this.#control = new TopicControl({
      topic: control.tp.topic,
      journal: this.#log(control, "control"),
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
        this.execution.isKilled ? never() : this.#store(disk.open(directory)),
      createQueue: (limits, onQueueFailure) =>
        new DeliveryQueue({
          destination: {
            send: (texts, signal) => this.#orAborted(segment.send(texts), signal),
          },
          rateLimiter,
          deadLetters,
          runtime: { clock, counters, logger: noopLogger },
          limits: {
            ...limits,
            linger_ms: settings.segment.linger,
            maxConsecutive: settings.deadLetters.maxConsecutive,
          },
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
          if (!this.execution.isKilled) onFailure(error);
        },
        ended: () => {},
      },
    );
  }

  kill(): void {
    this.execution.kill();
    void this.source.stop();
  }

  /** Ends like a process on SIGTERM: delivers and stores what is in flight, with a deadline. */
  async end(): Promise<void> {
    await this.manager.stop(20_000);
    await this.source.stop();
    await this.#control.close();
    await this.#changelog.close();
  }

  #source(
    logs: readonly SharedLog[],
    isAssigned: SessionOptions["isAssigned"],
    commit: SessionOptions["commit"],
  ): LogSource {
    const { injector, group } = this.#environment;
    return new LogSource({
      logs,
      call: this.execution.call,
      fetchSize: () => (injector.isInstant ? 50 : injector.random.between(1, 20)),
      committed: (tp) => group.committed.get(partitionName(tp)) ?? null,
      commit,
      isAssigned,
    });
  }

  /** For logs that every process reads completely. */
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
    const { changelogs, epochs, injector } = this.#environment;
    const reader = new PartitionReader(this.#ownSource(changelogs), clock);
    return {
      own: ({ partition }) => {
        const log = changelogs[partition] as SharedLog;
        const fenced = new FencedLog({ log, epochs, injector, call: this.execution.call });
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
    const { injector } = this.#environment;
    return {
      append: (entries) =>
        this.execution.call(service, () => {
          if (injector.fails(service)) throw new Error("no broker responds");
          log.append(entries);
          if (injector.fails(service)) throw new Error("the acknowledgement was lost");
        }),
      close: async () => {},
    };
  }

  #store(store: MemoryStore): Store {
    return {
      get: async (keys) => (this.execution.isKilled ? never() : store.get(keys)),
      write: (entries) => this.execution.call("store", () => store.write(entries)),
      scan: (from, to) => store.scan(from, to),
      close: async () => (this.execution.isKilled ? never() : store.close()),
    };
  }

  /** A request that was sent continues in Segment after it is aborted here. */
  async #orAborted<T>(response: Promise<T>, signal: AbortSignal): Promise<T | { failure: string }> {
    const aborted = new Promise<{ failure: string }>((resolve) => {
      const end = () => resolve({ failure: "aborted" });
      if (signal.aborted) end();
      else signal.addEventListener("abort", end, { once: true });
    });
    return Promise.race([this.execution.call("segment", () => response), aborted]);
  }
}
