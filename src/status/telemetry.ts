import { partitionName } from "../data/record.ts";
import type { TracedMessage } from "../deliver/message-origin.ts";
import type { RateLimiterStatus } from "../deliver/rate-limiter.ts";
import type { Explanation, Question } from "../explain/explanation.ts";
import { type Clock, systemClock } from "../lib/clock.ts";
import type { Counters, ResponseActionKind } from "../metrics/counters.ts";
import type { SourceStatus } from "../source/source.ts";
import type { TaskStatus } from "../task/task-status.ts";
import { type Condition, liveness, readiness } from "./health.ts";
import { LogEnds } from "./log-ends.ts";
import { lagOf, type Observed } from "./observed.ts";
import { ProcessReader } from "./process-reading.ts";
import { type DeadLetterInfo, RecentDeadLetters } from "./recent-dead-letters.ts";
import { RecentMessages } from "./recent-messages.ts";
import { withResponses } from "./responses.ts";
import type { Health, SegmentStatus } from "./status.ts";

/** A pipeline that runs, as far as it can be asked. */
export type Watched = {
  readonly rateLimiter: { readonly status: RateLimiterStatus };
  readonly tasks: {
    /** An assignment was announced, and all of its partitions were opened. */
    readonly isSettled: boolean;
    taskStatuses(): Promise<readonly TaskStatus[]>;
    explain(question: Question): Promise<Explanation>;
  };
};

export type TelemetryOptions = {
  readonly pipeline: string;
  readonly version: string;
  readonly counters: Counters;
  readonly source: {
    readonly status: SourceStatus;
    ends(topic: string): Promise<ReadonlyMap<number, number>>;
  };
  readonly clock?: Clock;
};

/** Looks on while a pipeline runs: keeps the latest messages and dead letters, and observes the rest when it is asked. */
export class Telemetry {
  readonly messages = new RecentMessages();
  readonly deadLetters = new RecentDeadLetters();
  readonly #options: TelemetryOptions;
  readonly #clock: Clock;
  readonly #since: number;
  readonly #ends: LogEnds;
  readonly #process = new ProcessReader();
  #watched: Watched | null = null;
  #failure: unknown = null;
  #isStopping = false;
  #lastResponse: SegmentStatus["lastResponse"] = null;

  constructor(options: TelemetryOptions) {
    const { clock = systemClock, source } = options;
    this.#options = options;
    this.#clock = clock;
    this.#since = clock.now();
    this.#ends = new LogEnds((topic) => source.ends(topic), clock);
  }

  /** Its name. */
  get pipeline(): string {
    return this.#options.pipeline;
  }

  /** The pipeline runs. */
  watch(watched: Watched): void {
    this.#watched = watched;
  }

  /** It cannot go on, and ends. */
  failed(error: unknown): void {
    this.#failure ??= error;
  }

  /** It ends. */
  stopping(): void {
    this.#isStopping = true;
  }

  pushed(messages: readonly TracedMessage[]): void {
    this.messages.pushed(messages);
  }

  delivered(messages: readonly TracedMessage[], response: string): void {
    this.messages.delivered(messages, this.#clock.now(), response);
  }

  responded(action: ResponseActionKind, reason: string | null): void {
    this.#lastResponse = { at: new Date(this.#clock.now()).toISOString(), action, reason };
  }

  recordDeadLetter(deadLetters: readonly DeadLetterInfo[]): void {
    this.deadLetters.recordDeadLetter(deadLetters, this.#clock.now());
  }

  get live(): Health {
    return liveness(this.#condition([]));
  }

  async ready(): Promise<Health> {
    return readiness(this.#condition(await this.#taskStatuses()));
  }

  async observe(): Promise<Observed> {
    const { pipeline, version, counters, source } = this.#options;
    const tasks = await this.#taskStatuses();
    const { status } = source;
    // Before it has joined nobody has told which brokers answer: asking would only wait.
    const topics = status.isJoined ? tasks.map(({ topic }) => topic) : [];
    const ends = await this.#ends.of(topics);
    const now = this.#clock.now();
    const condition = this.#condition(tasks);
    return {
      ...{ pipeline, version, since: this.#since, now },
      live: liveness(condition),
      ready: readiness(condition),
      ...{ counters, source: status },
      rateLimiter: this.#watched?.rateLimiter.status ?? { wait_ms: 0, throttled_ms: 0 },
      partitions: tasks.map((task) => {
        const name = partitionName(task);
        return lagOf(task, ends.get(name) ?? null, status.next.get(name), now);
      }),
      lastResponse: this.#lastResponse,
      process: this.#process.read(),
    };
  }

  /**
   * Why something was sent about a row, or not, with the answers that are remembered.
   * @returns `null` where the pipeline does not run yet
   * @throws CdcError ARGUMENTS where the question cannot be understood
   */
  async explain(question: Question): Promise<Explanation | null> {
    const explanation = await this.#watched?.tasks.explain(question);
    const remembered = {
      messages: this.messages.list({}),
      deadLetters: this.deadLetters.remembered(),
    };
    return explanation ? withResponses(explanation, remembered, question.showValues) : null;
  }

  /** Metrics were read: the event loop's delay is measured anew. */
  scraped(): void {
    this.#process.reset();
  }

  close(): void {
    this.#process.close();
  }

  #condition(tasks: Condition["tasks"]): Condition {
    return {
      failure: this.#failure,
      isStopping: this.#isStopping,
      source: this.#options.source.status,
      isSettled: this.#watched?.tasks.isSettled ?? false,
      tasks,
    };
  }

  async #taskStatuses(): Promise<readonly TaskStatus[]> {
    return (await this.#watched?.tasks.taskStatuses()) ?? [];
  }
}
