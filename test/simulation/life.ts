import { TopicControl } from "../../src/coordination/topic-control.ts";
import { nameOf, type TopicPartition } from "../../src/data/record.ts";
import { Lane } from "../../src/deliver/delivery-queue.ts";
import { Gate } from "../../src/deliver/rate-limiter.ts";
import { asRecord, LoggedDeadLetters } from "../../src/dlq/dead-letters.ts";
import { RefusalRatio } from "../../src/dlq/failure-ratio.ts";
import type { Log } from "../../src/journal/journal.ts";
import { ChangelogReader } from "../../src/kafka/changelog/changelog-reader.ts";
import { KafkaOwnedChangelog } from "../../src/kafka/changelog/owned-changelog.ts";
import type { Clock } from "../../src/lib/clock.ts";
import { silent } from "../../src/lib/logger.ts";
import { Counters } from "../../src/metrics/counters.ts";
import type { Changelog } from "../../src/state/changelog.ts";
import type { Store } from "../../src/state/store.ts";
import { TaskManager } from "../../src/task/task-manager.ts";
import { Plans } from "../../src/topology/topology.ts";
import type { MemoryStore } from "../support/memory-store.ts";
import { FencedLog } from "./fenced-log.ts";
import { Lifetime, never } from "./lifetime.ts";
import { LogSource } from "./log-source.ts";
import type { Outside } from "./outside.ts";
import type { SharedLog } from "./shared-log.ts";
import type { Service } from "./weather.ts";

/** Where a process has its stores, and what it has begun with: it outlives the life. */
export type Disk = {
  readonly begun: { has(topic: string): boolean; add(topics: readonly string[]): void };
  open(folder: string): MemoryStore;
};

export type LifeOptions = {
  readonly outside: Outside;
  readonly disk: Disk;
  /** Whether the group has the partition here. */
  readonly holds: (at: TopicPartition) => boolean;
  /** Tells the group of an offset. */
  readonly commit: (at: TopicPartition, offset: number) => void;
  readonly onFailure: (error: unknown) => void;
};

/**
 * One run of the process: the real pipeline over what is shared. Whatever it does to the outside is a call, which takes
 * time; where it dies before or in it, nothing that would follow happens.
 */
export class Life {
  readonly manager: TaskManager;
  readonly lifetime: Lifetime;
  readonly source: LogSource;
  readonly counters = new Counters();
  readonly #outside: Outside;
  readonly #control: TopicControl;
  readonly #changelog: Changelog;

  constructor({ outside, disk, holds, commit, onFailure }: LifeOptions) {
    this.#outside = outside;
    const { settings, segment, data, control, letters } = outside;
    this.lifetime = new Lifetime(outside);
    const { clock } = this.lifetime;
    const gate = new Gate(clock);
    const refusals = RefusalRatio.of(settings.deadLetters);
    const written = this.#log(letters, "dead letters");
    const deadLetters = new LoggedDeadLetters(written, asRecord, clock, silent);
    this.source = this.#source(data, holds, commit);
    this.#control = new TopicControl({
      topic: control.at.topic,
      log: this.#log(control, "control"),
      source: this.#ownSource([control]),
      onGap: "stop",
      clock,
      logger: silent,
      onFailure,
    });
    this.#changelog = this.#changelogOf(clock);
    this.manager = new TaskManager({
      settings,
      plans: new Plans(settings),
      source: this.source,
      folder: "/state",
      begun: disk.begun,
      openStore: async (folder) =>
        this.lifetime.isDead ? never() : this.#store(disk.open(folder)),
      laneFor: (limits, onLaneFailure) =>
        new Lane({
          destination: {
            send: (texts, signal) => this.#orAborted(segment.send(texts), signal),
          },
          gate,
          deadLetters,
          clock,
          counters: this.counters,
          logger: silent,
          linger_ms: settings.segment.linger_ms,
          ...limits,
          refusedInARow: settings.deadLetters.stopAfterInARow,
          refusals,
          onFailure: onLaneFailure,
        }),
      deadLetters,
      control: this.#control,
      changelog: this.#changelog,
      registry: null,
      clock,
      counters: this.counters,
      logger: silent,
      onFailure: (error) => {
        if (!this.lifetime.isDead) onFailure(error);
      },
      onEnd: () => {},
    });
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
    holds: LifeOptions["holds"],
    commit: LifeOptions["commit"],
  ): LogSource {
    const { weather, group } = this.#outside;
    return new LogSource({
      logs,
      call: this.lifetime.call,
      fetchSize: () => (weather.isStill ? 50 : weather.dice.between(1, 20)),
      committed: (at) => group.committed.get(nameOf(at)) ?? null,
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
      source.assign(logs.map(({ at }) => at));
    };
    return source;
  }

  #changelogOf(clock: Clock): Changelog {
    const { changelogs, epochs, weather } = this.#outside;
    const reader = new ChangelogReader(this.#ownSource(changelogs));
    return {
      own: ({ partition }) => {
        const log = changelogs[partition] as SharedLog;
        const fenced = new FencedLog({ log, epochs, weather, call: this.lifetime.call });
        const { at } = log;
        return KafkaOwnedChangelog.take({
          at,
          log: fenced,
          reader,
          start: 0,
          clock,
          logger: silent,
        });
      },
      close: () => reader.close(),
    };
  }

  #log(log: SharedLog, service: Service): Log {
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
  async #orAborted<T>(answer: Promise<T>, signal: AbortSignal): Promise<T | { failure: string }> {
    const aborted = new Promise<{ failure: string }>((resolve) => {
      const end = () => resolve({ failure: "aborted" });
      if (signal.aborted) end();
      else signal.addEventListener("abort", end, { once: true });
    });
    return Promise.race([this.lifetime.call("segment", () => answer), aborted]);
  }
}
