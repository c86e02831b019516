import { parseSettings } from "../../src/config/read.ts";
import type { Settings } from "../../src/config/settings.ts";
import type { Control } from "../../src/coordination/control.ts";
import { TopicControl } from "../../src/coordination/topic-control.ts";
import type { TopicPartition } from "../../src/data/record.ts";
import type { SchemaRegistry } from "../../src/decode/format/schema-registry.ts";
import { DeliveryQueue } from "../../src/deliver/delivery-queue.ts";
import type { Destination } from "../../src/deliver/destination.ts";
import { RateLimiter } from "../../src/deliver/rate-limiter.ts";
import type { DeadLetter, DeadLetters } from "../../src/dlq/dead-letters.ts";
import { FailureRatio } from "../../src/dlq/failure-ratio.ts";
import type { Explanation, Question } from "../../src/explain/explanation.ts";
import type { SegmentMessage } from "../../src/map/sync.ts";
import { Counters } from "../../src/metrics/counters.ts";
import type { Source } from "../../src/source/source.ts";
import type { Changelog } from "../../src/state/changelog.ts";
import type { Store, StoreEntry } from "../../src/state/store.ts";
import { TaskManager } from "../../src/task/task-manager.ts";
import type { SharedPorts } from "../../src/task/task-opener.ts";
import type { TaskStatus } from "../../src/task/task-status.ts";
import { Topology } from "../../src/topology/topology.ts";
import { recordOf, TOPIC } from "./debezium.ts";
import { FakeSegment } from "./fake-segment.ts";
import { FakeSource } from "./fake-source.ts";
import { LogLines } from "./log-lines.ts";
import { MemoryChangelog } from "./memory-changelog.ts";
import { MemoryStore } from "./memory-store.ts";
import type { Change } from "./table.ts";
import { flush, VirtualClock } from "./virtual-clock.ts";

/** One track sync over all rows of `TOPIC`; `syncs` and the rest may be replaced. */
export type Setup = {
  readonly syncs?: string;
  readonly model?: string;
  /** More top-level settings, as YAML. */
  readonly more?: string;
  readonly partitions?: number;
  /** Must have every schema of the records in advance: nothing here waits for HTTP. */
  readonly registry?: SchemaRegistry;
};

const CONTROL: TopicPartition = { topic: "shop.control", partition: 0 };

const LIFECYCLE = `{life: {model: users, type: track, userId: id, properties: [email], initialResults: send,
  events: {added: Added, changed: Changed, removed: Removed}}}`;

type Step = "deliver" | "dead letters" | "control" | "changelog" | "store" | "commit";

/**
 * A crash before or after a step of a checkpoint: 1 deliver (`deliver`, `dead letters` and `control`), 2 changelog, 3 store,
 * 4 commit.
 */
export type Moment = `${"before" | "after"} ${Step}`;

/**
 * The whole pipeline from record bytes to Segment's responses, without broker, disk or real time: the real tasks over a
 * source, stores, dead letters and Segment in memory, which remain after a stop or a crash.
 */
export class TaskDriver {
  readonly clock = new VirtualClock();
  readonly source = new FakeSource();
  readonly changelog = new MemoryChangelog();
  /** The control topic. */
  readonly controlTopic = new FakeSource();
  readonly segment = new FakeSegment();
  readonly deadLetters: DeadLetter[] = [];
  /** Log lines of all sessions. */
  readonly log = new LogLines();
  readonly #knownTopics = new Set<string>();
  /** Topics that a session has started with. They remain after it, like the file. */
  readonly knownTopics = {
    has: (topic: string) => this.#knownTopics.has(topic),
    add: (topics: readonly string[]) => {
      for (const topic of topics) this.#knownTopics.add(topic);
    },
  };
  readonly partitions: readonly TopicPartition[];
  readonly registry: SchemaRegistry | null;
  #settings: Settings;
  readonly #stores = new Map<string, MemoryStore>();
  #session: Session | null = null;
  #seen = 0;

  constructor(setup: Setup = {}) {
    this.#settings = settingsOf(setup);
    this.registry = setup.registry ?? null;
    this.partitions = Array.from({ length: setup.partitions ?? 1 }, (_, partition) => ({
      topic: TOPIC,
      partition,
    }));
  }

  /** Sets other settings for the next start. */
  reconfigure(setup: Setup): this {
    this.#settings = settingsOf(setup);
    return this;
  }

  /** Starts a session on the state of the earlier ones. */
  async start(partitions = this.partitions): Promise<this> {
    if (this.#session) throw new Error("a session is running: stop or crash it first");
    this.#session = new Session(this.#settings, this, (directory) => this.#openStore(directory));
    await this.source.start(this.#session.manager);
    this.source.assign(partitions);
    await flush();
    return this;
  }

  /** Writes changes to a partition and runs all work that needs no time. @returns the messages newly accepted by Segment */
  async pipe(
    changes: readonly Change[] | Change,
    partition = 0,
  ): Promise<readonly SegmentMessage[]> {
    for (const change of [changes].flat() as Change[]) {
      const { topic, partition: _, offset: __, ...record } = recordOf(change);
      this.source.produce({ topic, partition }, record);
    }
    await flush();
    return this.taken();
  }

  /** The messages that Segment has accepted since the last call. */
  taken(): readonly SegmentMessage[] {
    const news = this.segment.taken.slice(this.#seen);
    this.#seen = this.segment.taken.length;
    return news;
  }

  /** Advances time by one checkpoint interval. */
  async checkpoint(): Promise<void> {
    await this.clock.advance(this.#settings.checkpoint.interval);
  }

  async stop(deadline_ms = 20_000): Promise<void> {
    const session = this.#running();
    await session.manager.stop(deadline_ms);
    await this.source.stop();
    await session.control.close();
    this.#session = null;
  }

  /** Ends the process at once: none of its pending work happens. */
  async crash(): Promise<void> {
    this.#running().isCrashed = true;
    this.#session = null;
    for (const [directory, store] of this.#stores) this.#stores.set(directory, store.crashed());
    await this.source.stop();
    await this.controlTopic.stop();
    await flush();
  }

  /** Stops all work of the session at this moment; call `crash` afterwards. */
  crashOn(moment: Moment): void {
    this.#running().crashMoment = moment;
  }

  get counters(): Counters {
    return this.#running().counters;
  }

  taskStatuses(): Promise<readonly TaskStatus[]> {
    return this.#running().manager.taskStatuses();
  }

  explain(question: Partial<Question>): Promise<Explanation> {
    const all = { model: "users", key: null, line: null, showValues: false };
    return this.#running().manager.explain({ ...all, ...question });
  }

  get isSettled(): boolean {
    return this.#running().manager.isSettled;
  }

  /** The errors that stopped the pipeline in this session. */
  get failures(): readonly unknown[] {
    return this.#running().failures;
  }

  get ended(): boolean {
    return this.#running().ended;
  }

  /** Replaces the partition's store between two sessions: `null` deletes it. */
  replaceStore(partition: number, store: MemoryStore | null): void {
    const [directory] = [...this.#stores.keys()].filter((name) => name.endsWith(`/${partition}`));
    if (this.#session || directory === undefined)
      throw new Error("a session is running, or the partition has no store");
    if (store) this.#stores.set(directory, store);
    else this.#stores.delete(directory);
  }

  store(partition = 0): MemoryStore {
    const [, store] =
      [...this.#stores].find(([directory]) => directory.endsWith(`/${partition}`)) ?? [];
    if (!store) throw new Error(`partition ${partition} has no store`);
    return store;
  }

  /** Appends to the control topic wait for this. */
  holdControl: Promise<void> | null = null;

  /** Appending dead letters fails with this error. */
  deadLetterFailure: unknown = null;

  #running(): Session {
    if (!this.#session) throw new Error("no session is running");
    return this.#session;
  }

  #openStore(directory: string): MemoryStore {
    const last = this.#stores.get(directory);
    const store = last?.reopen() ?? new MemoryStore();
    this.#stores.set(directory, store);
    return store;
  }
}

function settingsOf({
  syncs = LIFECYCLE,
  model = `{topic: ${TOPIC}, key: [id]}`,
  more = "",
}: Setup): Settings {
  const segment = "{writeKey: secret, linger: 0ms}";
  const text = `name: shop\nsegment: ${segment}\nmodels: {users: ${model}}\nsyncs: ${syncs}\n${more}`;
  return parseSettings(text, "driver.yaml", {});
}

/** One run of the process. After `isCrashed` is set nothing happens any more: its calls never resolve. */
class Session {
  isCrashed = false;
  crashMoment: Moment | null = null;
  ended = false;
  readonly failures: unknown[] = [];
  readonly counters = new Counters();
  readonly control: Control;
  readonly manager: TaskManager;

  constructor(
    settings: Settings,
    driver: TaskDriver,
    openStore: (directory: string) => MemoryStore,
  ) {
    const { clock } = driver;
    const rateLimiter = new RateLimiter(clock);
    const rejections = FailureRatio.of(settings.deadLetters);
    const deadLetters: DeadLetters = {
      append: (deadLetters) =>
        this.#step("dead letters", async () => {
          if (driver.deadLetterFailure) throw driver.deadLetterFailure;
          driver.deadLetters.push(...deadLetters);
        }),
    };
    const destination: Destination = {
      send: (texts, signal) => this.#step("deliver", () => driver.segment.send(texts, signal)),
    };
    this.control = new TopicControl({
      topic: CONTROL.topic,
      journal: {
        append: (entries) =>
          this.#step("control", async () => {
            await driver.holdControl;
            for (const entry of entries)
              driver.controlTopic.produce(CONTROL, {
                ...entry,
                headers: {},
                timestamp: clock.now(),
              });
          }),
        close: async () => {},
      },
      source: {
        ...this.#source(driver.controlTopic),
        start: async (listener) => {
          await driver.controlTopic.start(listener);
          driver.controlTopic.assign([CONTROL]);
        },
      },
      onDataLoss: settings.state.onDataLoss,
      clock,
      logger: driver.log,
      onFailure: (error) => this.failures.push(error),
    });
    const { counters } = this;
    const ports: SharedPorts = {
      source: this.#source(driver.source),
      openStore: async (directory) => this.#store(openStore(directory)),
      createQueue: (limits, onFailure) =>
        new DeliveryQueue({
          destination,
          rateLimiter,
          deadLetters,
          runtime: { clock, counters, logger: driver.log },
          limits: {
            ...limits,
            linger_ms: settings.segment.linger,
            maxConsecutive: settings.deadLetters.maxConsecutive,
          },
          rejections,
          onFailure,
        }),
      deadLetters,
      control: this.control,
      changelog: settings.state.changelog ? this.#changelog(driver.changelog) : null,
      registry: driver.registry,
    };
    this.manager = new TaskManager(
      {
        ...{ settings, topology: new Topology(settings), directory: "/state", ports },
        knownTopics: driver.knownTopics,
        runtime: { clock, counters, logger: driver.log },
      },
      {
        failed: (error) => this.failures.push(error),
        ended: () => {
          this.ended = true;
        },
      },
    );
  }

  #source(source: FakeSource): Source {
    return {
      start: (listener) => source.start(listener),
      pause: (tp) => this.#now(() => source.pause(tp)),
      resume: (tp) => this.#now(() => source.resume(tp)),
      seek: (tp, offset) => this.#now(() => source.seek(tp, offset)),
      range: (tp) => source.range(tp),
      partitions: (topic) => source.partitions(topic),
      owns: (tp) => source.owns(tp),
      commit: (tp, offset) => this.#step("commit", () => source.commit(tp, offset)),
      stop: () => source.stop(),
    };
  }

  #changelog(changelog: MemoryChangelog): Changelog {
    return {
      own: async (tp) => {
        const owned = await changelog.own(tp);
        const append = (entries: readonly StoreEntry[]) =>
          this.#step("changelog", () => owned.append(entries));
        return { ...owned, append };
      },
      close: () => changelog.close(),
    };
  }

  #store(store: MemoryStore): Store {
    return {
      get: (keys) => (this.isCrashed ? never() : store.get(keys)),
      write: (entries) => this.#step("store", () => store.write(entries)),
      scan: (from, to) => store.scan(from, to),
      close: () => (this.isCrashed ? never() : store.close()),
    };
  }

  #now(effect: () => void): void {
    if (!this.isCrashed) effect();
  }

  async #step<T>(step: Step, effect: () => Promise<T>): Promise<T> {
    if (this.crashMoment === `before ${step}`) this.isCrashed = true;
    if (this.isCrashed) return never();
    const result = await effect();
    if (this.crashMoment === `after ${step}`) this.isCrashed = true;
    return this.isCrashed ? never() : result;
  }
}

function never<T>(): Promise<T> {
  return new Promise(() => {});
}
