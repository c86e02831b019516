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
  /** Has to know every schema that the records name before they are piped: nothing here waits for HTTP. */
  readonly registry?: SchemaRegistry;
};

const CONTROL: TopicPartition = { topic: "shop.control", partition: 0 };

const LIFECYCLE = `{life: {model: users, type: track, userId: id, properties: [email], initialResults: send,
  events: {added: Added, changed: Changed, removed: Removed}}}`;

type Step = "deliver" | "dead letters" | "control" | "changelog" | "store" | "commit";

/** The four steps of a checkpoint, as the outside sees them; each can be the last thing that a life does. */
export type Moment = `${"before" | "after"} ${Step}`;

/**
 * The whole pipeline from decoded bytes to Segment's answers, without a broker, a disk or a clock: the real tasks over
 * a source, stores, dead letters and Segment in memory, which all outlive a stop, a crash and the next start.
 */
export class TaskDriver {
  readonly clock = new VirtualClock();
  readonly source = new FakeSource();
  readonly changelog = new MemoryChangelog();
  /** The control topic. */
  readonly controlTopic = new FakeSource();
  readonly segment = new FakeSegment();
  readonly deadLetters: DeadLetter[] = [];
  /** What all lives say. */
  readonly log = new LogLines();
  readonly #knownTopics = new Set<string>();
  /** Topics that some life has begun with: it outlives them, as the file does. */
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

  /** Other settings from the next start on. */
  reconfigure(setup: Setup): this {
    this.#settings = settingsOf(setup);
    return this;
  }

  /** Starts a life over everything that earlier ones left. */
  async start(partitions = this.partitions): Promise<this> {
    if (this.#session) throw new Error("a life is under way: stop or crash it first");
    this.#session = new Session(this.#settings, this, (directory) => this.#openStore(directory));
    await this.source.start(this.#session.manager);
    this.source.assign(partitions);
    await flush();
    return this;
  }

  /** Puts changes into a partition and lets everything happen that needs no time. Gives what Segment took newly. */
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

  /** What Segment took since this was last asked. */
  taken(): readonly SegmentMessage[] {
    const news = this.segment.taken.slice(this.#seen);
    this.#seen = this.segment.taken.length;
    return news;
  }

  /** Lets the time of one checkpoint pass. */
  async checkpoint(): Promise<void> {
    await this.clock.advance(this.#settings.checkpoint.interval);
  }

  async stop(deadline_ms = 20_000): Promise<void> {
    const session = this.#alive();
    await session.manager.stop(deadline_ms);
    await this.source.stop();
    await session.control.close();
    this.#session = null;
  }

  /** The process is gone at once: nothing it still wanted to do happens. */
  async crash(): Promise<void> {
    this.#alive().dead = true;
    this.#session = null;
    for (const [directory, store] of this.#stores) this.#stores.set(directory, store.crashed());
    await this.source.stop();
    await this.controlTopic.stop();
    await flush();
  }

  /** The life goes dead when it comes to this moment; `crash` then clears it away. */
  crashOn(moment: Moment): void {
    this.#alive().crashMoment = moment;
  }

  get counters(): Counters {
    return this.#alive().counters;
  }

  /** What its tasks say of themselves. */
  taskStatuses(): Promise<readonly TaskStatus[]> {
    return this.#alive().manager.taskStatuses();
  }

  /** Why something was sent about a row, or not. */
  explain(question: Partial<Question>): Promise<Explanation> {
    const all = { model: "users", key: null, line: null, showValues: false };
    return this.#alive().manager.explain({ ...all, ...question });
  }

  /** Whether every partition that was assigned is open. */
  get isSettled(): boolean {
    return this.#alive().manager.isSettled;
  }

  /** The errors that stopped the pipeline in this life. */
  get failures(): readonly unknown[] {
    return this.#alive().failures;
  }

  get ended(): boolean {
    return this.#alive().ended;
  }

  /** Between two lives the partition's folder becomes another: none, or a copy from before. */
  replaceStore(partition: number, store: MemoryStore | null): void {
    const [directory] = [...this.#stores.keys()].filter((name) => name.endsWith(`/${partition}`));
    if (this.#session || directory === undefined)
      throw new Error("there is no store to replace now");
    if (store) this.#stores.set(directory, store);
    else this.#stores.delete(directory);
  }

  store(partition = 0): MemoryStore {
    const [, store] =
      [...this.#stores].find(([directory]) => directory.endsWith(`/${partition}`)) ?? [];
    if (!store) throw new Error(`partition ${partition} never had a store`);
    return store;
  }

  /** What is put into the control topic waits for this. */
  holdControl: Promise<void> | null = null;

  /** Makes the dead letters' log refuse with this error. */
  deadLetterFailure: unknown = null;

  #alive(): Session {
    if (!this.#session) throw new Error("no life is under way");
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

/** One run of the process. Once dead it does nothing more: whatever it waits for never comes. */
class Session {
  dead = false;
  crashMoment: Moment | null = null;
  ended = false;
  readonly failures: unknown[] = [];
  readonly counters = new Counters();
  readonly control: Control;
  readonly manager: TaskManager;

  constructor(
    settings: Settings,
    outside: TaskDriver,
    openStore: (directory: string) => MemoryStore,
  ) {
    const { clock } = outside;
    const rateLimiter = new RateLimiter(clock);
    const rejections = FailureRatio.of(settings.deadLetters);
    const deadLetters: DeadLetters = {
      append: (deadLetters) =>
        this.#step("dead letters", async () => {
          if (outside.deadLetterFailure) throw outside.deadLetterFailure;
          outside.deadLetters.push(...deadLetters);
        }),
    };
    const destination: Destination = {
      send: (texts, signal) => this.#step("deliver", () => outside.segment.send(texts, signal)),
    };
    this.control = new TopicControl({
      topic: CONTROL.topic,
      log: {
        append: (entries) =>
          this.#step("control", async () => {
            await outside.holdControl;
            for (const entry of entries)
              outside.controlTopic.produce(CONTROL, {
                ...entry,
                headers: {},
                timestamp: clock.now(),
              });
          }),
        close: async () => {},
      },
      source: {
        ...this.#source(outside.controlTopic),
        start: async (listener) => {
          await outside.controlTopic.start(listener);
          outside.controlTopic.assign([CONTROL]);
        },
      },
      onDataLoss: settings.state.onDataLoss,
      clock,
      logger: outside.log,
      onFailure: (error) => this.failures.push(error),
    });
    const { counters } = this;
    const ports: SharedPorts = {
      source: this.#source(outside.source),
      openStore: async (directory) => this.#store(openStore(directory)),
      createQueue: (limits, onFailure) =>
        new DeliveryQueue({
          destination,
          rateLimiter,
          deadLetters,
          clock,
          counters,
          logger: outside.log,
          linger_ms: settings.segment.linger,
          ...limits,
          maxConsecutive: settings.deadLetters.maxConsecutive,
          rejections,
          onFailure,
        }),
      deadLetters,
      control: this.control,
      changelog: settings.state.changelog ? this.#changelog(outside.changelog) : null,
      registry: outside.registry,
    };
    this.manager = new TaskManager(
      {
        ...{ settings, topology: new Topology(settings), directory: "/state", ports },
        knownTopics: outside.knownTopics,
        runtime: { clock, counters, logger: outside.log },
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
      get: (keys) => (this.dead ? never() : store.get(keys)),
      write: (entries) => this.#step("store", () => store.write(entries)),
      scan: (from, to) => store.scan(from, to),
      close: () => (this.dead ? never() : store.close()),
    };
  }

  #now(effect: () => void): void {
    if (!this.dead) effect();
  }

  async #step<T>(step: Step, effect: () => Promise<T>): Promise<T> {
    if (this.crashMoment === `before ${step}`) this.dead = true;
    if (this.dead) return never();
    const result = await effect();
    if (this.crashMoment === `after ${step}`) this.dead = true;
    return this.dead ? never() : result;
  }
}

function never<T>(): Promise<T> {
  return new Promise(() => {});
}
