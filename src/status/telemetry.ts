import { nameOf } from "../data/record.ts";
import type { Traced } from "../deliver/message-origin.ts";
import type { RateLimiterStatus } from "../deliver/rate-limiter.ts";
import type { Explanation, Question } from "../explain/explanation.ts";
import { type Clock, systemClock } from "../lib/clock.ts";
import type { AnswerKind, Counters } from "../metrics/counters.ts";
import type { SourceStatus } from "../source/source.ts";
import type { TaskStanding } from "../task/task-status.ts";
import { type Condition, liveness, readiness } from "./health.ts";
import { LogEnds } from "./log-ends.ts";
import { behind, type Observed } from "./observed.ts";
import { ProcessReader } from "./process-reading.ts";
import { type Letter, RecentLetters } from "./recent-dead-letters.ts";
import { RecentMessages } from "./recent-messages.ts";
import { withAnswers } from "./responses.ts";
import type { Health, SegmentStatus } from "./status.ts";

/** A pipeline that runs, as far as it can be asked. */
export type Watched = {
  readonly gate: { readonly standing: RateLimiterStatus };
  readonly tasks: {
    /** An assignment was announced, and all of its partitions were opened. */
    readonly isSettled: boolean;
    standings(): Promise<readonly TaskStanding[]>;
    explain(question: Question): Promise<Explanation>;
  };
};

export type TelemetryOptions = {
  readonly pipeline: string;
  readonly version: string;
  readonly counters: Counters;
  readonly source: {
    readonly told: SourceStatus;
    ends(topic: string): Promise<ReadonlyMap<number, number>>;
  };
  readonly clock?: Clock;
};

/** Looks on while a pipeline runs: keeps the latest messages and dead letters, and observes the rest when it is asked. */
export class Telemetry {
  readonly messages = new RecentMessages();
  readonly letters = new RecentLetters();
  readonly #options: TelemetryOptions;
  readonly #clock: Clock;
  readonly #since: number;
  readonly #ends: LogEnds;
  readonly #process = new ProcessReader();
  #watched: Watched | null = null;
  #failure: unknown = null;
  #isStopping = false;
  #lastAnswer: SegmentStatus["lastAnswer"] = null;

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

  pushed(messages: readonly Traced[]): void {
    this.messages.pushed(messages);
  }

  delivered(messages: readonly Traced[], answer: string): void {
    this.messages.delivered(messages, this.#clock.now(), answer);
  }

  answered(verdict: AnswerKind, reason: string | null): void {
    this.#lastAnswer = { at: new Date(this.#clock.now()).toISOString(), verdict, reason };
  }

  setAside(letters: readonly Letter[]): void {
    this.letters.setAside(letters, this.#clock.now());
  }

  get live(): Health {
    return liveness(this.#condition([]));
  }

  async ready(): Promise<Health> {
    return readiness(this.#condition(await this.#standings()));
  }

  async observe(): Promise<Observed> {
    const { pipeline, version, counters, source } = this.#options;
    const tasks = await this.#standings();
    const { told } = source;
    // Before it has joined nobody has told which brokers answer: asking would only wait.
    const topics = told.isJoined ? tasks.map(({ topic }) => topic) : [];
    const ends = await this.#ends.of(topics);
    const now = this.#clock.now();
    const condition = this.#condition(tasks);
    return {
      ...{ pipeline, version, since: this.#since, now },
      live: liveness(condition),
      ready: readiness(condition),
      ...{ counters, source: told },
      gate: this.#watched?.gate.standing ?? { wait_ms: 0, closed_ms: 0 },
      partitions: tasks.map((task) => {
        const name = nameOf(task);
        return behind(task, ends.get(name) ?? null, told.next.get(name), now);
      }),
      lastAnswer: this.#lastAnswer,
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
    const remembered = { messages: this.messages.list({}), letters: this.letters.list() };
    return explanation ? withAnswers(explanation, remembered, question.showValues) : null;
  }

  /** Metrics were read: the event loop's delay is measured anew. */
  scraped(): void {
    this.#process.forget();
  }

  close(): void {
    this.#process.close();
  }

  #condition(tasks: Condition["tasks"]): Condition {
    return {
      failure: this.#failure,
      isStopping: this.#isStopping,
      source: this.#options.source.told,
      isSettled: this.#watched?.tasks.isSettled ?? false,
      tasks,
    };
  }

  async #standings(): Promise<readonly TaskStanding[]> {
    return (await this.#watched?.tasks.standings()) ?? [];
  }
}
