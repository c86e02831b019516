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
import { type Observed, withLag } from "./observed.ts";
import { RecentDeadLetters, type RejectedRecord } from "./recent-dead-letters.ts";
import { RecentMessages } from "./recent-messages.ts";
import { withResponses } from "./responses.ts";
import type { Health, SegmentStatus } from "./status.ts";

/** What the status port reads from a running pipeline. */
export type Watched = {
  readonly rateLimiter: { readonly status: RateLimiterStatus };
  readonly tasks: {
    /** Partitions were assigned and all their tasks have opened. */
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

/** Retains the latest messages and dead letters of a pipeline, and reads everything else from it on request. */
export class Telemetry {
  readonly messages = new RecentMessages();
  readonly deadLetters = new RecentDeadLetters();
  readonly #options: TelemetryOptions;
  readonly #clock: Clock;
  readonly #since: number;
  readonly #ends: LogEnds;
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

  get pipeline(): string {
    return this.#options.pipeline;
  }

  /** Called when the pipeline starts. */
  watch(watched: Watched): void {
    this.#watched = watched;
  }

  /** Called with the error that ends the pipeline. */
  failed(error: unknown): void {
    this.#failure ??= error;
  }

  /** Called when the pipeline begins to stop. */
  stopping(): void {
    this.#isStopping = true;
  }

  delivered(messages: readonly TracedMessage[], response: string): void {
    this.messages.add(messages, this.#clock.now(), response);
  }

  responded(action: ResponseActionKind, reason: string | null): void {
    this.#lastResponse = { time: new Date(this.#clock.now()).toISOString(), action, reason };
  }

  recordDeadLetter(deadLetters: readonly RejectedRecord[]): void {
    this.deadLetters.add(deadLetters, this.#clock.now());
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
    // Before the consumer has joined, the brokers may be unreachable: a request would only wait for its timeout.
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
        return withLag(task, ends.get(name) ?? null, status.next.get(name), now);
      }),
      lastResponse: this.#lastResponse,
    };
  }

  /**
   * Why a row produced a message or none, with the responses that this process has retained.
   * @returns `null` if the pipeline is not running yet
   * @throws CdcError ARGUMENTS if the question is invalid
   */
  async explain(question: Question): Promise<Explanation | null> {
    const explanation = await this.#watched?.tasks.explain(question);
    const retained = {
      messages: this.messages.list({}),
      deadLetters: this.deadLetters.listDetailed(),
    };
    return explanation ? withResponses(explanation, retained, question.showValues) : null;
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
