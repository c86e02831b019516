import { recordName } from "../data/record.ts";
import type { DeadLetters } from "../dlq/dead-letters.ts";
import type { FailureRatio } from "../dlq/failure-ratio.ts";
import type { Clock } from "../lib/clock.ts";
import { CdcError } from "../lib/errors.ts";
import type { Logger } from "../lib/logger.ts";
import { backoff_ms } from "../lib/retry.ts";
import type { Counters, ResponseActionKind } from "../metrics/counters.ts";
import type { Usage } from "../metrics/usage.ts";
import { batchSize, LIMITS } from "./batch.ts";
import type { Destination } from "./destination.ts";
import type { OutgoingMessage, OutgoingQueue } from "./outgoing.ts";
import type { RateLimiter } from "./rate-limiter.ts";
import { actionFor, bodyOf, type ResponseAction } from "./response.ts";

/** A lane is full at either of these; whoever pushes waits for room. */
export type DeliveryLimits = { readonly messages: number; readonly bytes: number };

export type DeliveryQueueOptions = DeliveryLimits & {
  readonly destination: Destination;
  readonly rateLimiter: RateLimiter;
  readonly deadLetters: DeadLetters;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly logger: Logger;
  readonly linger_ms: number;
  /** This many refused messages in a row stop the pipeline. */
  readonly maxConsecutive: number;
  /** And so does too large a part of what all lanes of the process sent. */
  readonly rejections: FailureRatio;
  /** Sees the messages as they are pushed. */
  readonly onPush?: (messages: readonly OutgoingMessage[]) => void;
  readonly watcher?: DeliveryObserver;
  /** Called with the error after which nothing can be delivered. */
  readonly onFailure: (error: unknown) => void;
};

/** Looks on, for telemetry. No method may throw. */
export type DeliveryObserver = {
  /** Segment took the batch; `answer` says how. */
  delivered(batch: readonly OutgoingMessage[], response: string): void;
  /** What the last answer meant, and why where the batch was not taken. */
  responded(kind: ResponseActionKind, reason: string | null): void;
};

/**
 * The ordered line of messages of one task. One batch is in flight at a time, so Segment gets the messages of a row in
 * their order. A message leaves the lane when it is delivered or stands in the dead letters, never otherwise.
 */
export class DeliveryQueue implements OutgoingQueue {
  readonly #options: DeliveryQueueOptions;
  readonly #closing = new AbortController();
  #waiting: OutgoingMessage[] = [];
  #bytes = 0;
  #pushed = 0;
  #settled = 0;
  #rejected = 0;
  #running = false;
  #watchers: {
    readonly upTo: number;
    readonly resolve: () => void;
    readonly reject: (error: unknown) => void;
  }[] = [];
  #failure: unknown = null;

  constructor(options: DeliveryQueueOptions) {
    this.#options = options;
  }

  /** Messages pushed so far: a checkpoint waits until as many have settled. */
  get pushed(): number {
    return this.#pushed;
  }

  get isFull(): boolean {
    const { messages, bytes } = this.#options;
    return this.#pushed - this.#settled >= messages || this.#bytes >= bytes;
  }

  get usage(): { readonly delivery_queue_messages: Usage; readonly delivery_queue_bytes: Usage } {
    const { messages, bytes } = this.#options;
    return {
      delivery_queue_messages: { used: this.#pushed - this.#settled, limit: messages },
      delivery_queue_bytes: { used: this.#bytes, limit: bytes },
    };
  }

  push(messages: readonly OutgoingMessage[]): void {
    for (const message of messages) {
      this.#waiting.push(message);
      this.#bytes += message.bytes;
    }
    this.#pushed += messages.length;
    this.#options.onPush?.(messages);
    if (!this.#running && this.#waiting.length > 0) void this.#run();
  }

  /**
   * Resolves when the first `upTo` messages are delivered or stand in the dead letters. Rejects where the lane was
   * closed before, or met an error after which nothing can be delivered.
   */
  settled(upTo: number): Promise<void> {
    if (this.#settled >= upTo) return Promise.resolve();
    if (this.#failure !== null) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => this.#watchers.push({ upTo, resolve, reject }));
  }

  /** Resolves when the lane is not full. */
  async room(): Promise<void> {
    while (this.isFull) await this.settled(this.#settled + 1);
  }

  /** Gives up what is not delivered; it comes again from the position. */
  close(): void {
    this.#fail(new Error("the lane was closed"));
  }

  async #run(): Promise<void> {
    this.#running = true;
    try {
      while (this.#waiting.length > 0 && this.#failure === null) {
        await this.#linger();
        const batch = this.#waiting.splice(0, batchSize(this.#waiting));
        await this.#deliver(batch);
      }
    } catch (error) {
      if (!this.#closing.signal.aborted) this.#options.onFailure(error);
      this.#fail(error);
    }
    this.#running = false;
  }

  /** A batch that is not full waits a little for more. */
  async #linger(): Promise<void> {
    const { linger_ms, clock } = this.#options;
    const full = this.#bytes >= LIMITS.batch_bytes || this.#waiting.length >= LIMITS.batch_messages;
    if (linger_ms > 0 && !full) await clock.sleep(linger_ms, this.#closing.signal);
  }

  async #deliver(batch: readonly OutgoingMessage[]): Promise<void> {
    const { destination, rateLimiter, clock, counters, logger, watcher } = this.#options;
    const { signal } = this.#closing;
    const texts = batch.map(({ text }) => text);
    for (let attempt = 0; ; attempt += 1) {
      await rateLimiter.ready(signal);
      signal.throwIfAborted();
      const response = await destination.send(texts, signal);
      signal.throwIfAborted();
      const result = actionFor(response, clock.now());
      counters.responses[result.kind] += 1;
      const body = bodyOf(response);
      if (result.kind !== "delivered" && body !== "") logger.debug({ body }, "Segment said");
      watcher?.responded(result.kind, reasonOf(result));
      switch (result.kind) {
        case "delivered":
          this.#count(batch);
          watcher?.delivered(batch, "status" in response ? `HTTP ${response.status}` : "");
          this.#rejected = 0;
          this.#options.rejections.add(false, batch.length);
          return this.#settle(batch);
        case "rejected":
          return this.#halve(batch, result);
        case "stop":
          throw result.error;
        case "slow down":
          rateLimiter.throttle(result.wait_ms ?? backoff_ms(attempt));
          break;
        case "retry":
          await clock.sleep(backoff_ms(attempt), signal);
          break;
      }
      const { topic, partition, offset } = (batch[0] as OutgoingMessage).record;
      logger.warn(
        { topic, partition, offset, messages: batch.length, attempt, reason: result.reason },
        "batch failed; retrying",
      );
    }
  }

  /** Halves a refused batch until the message that is refused stands alone, and sets that one aside. */
  async #halve(batch: readonly OutgoingMessage[], { reason, body }: Rejected): Promise<void> {
    const [only] = batch;
    if (batch.length > 1 || !only) {
      const middle = Math.ceil(batch.length / 2);
      await this.#deliver(batch.slice(0, middle));
      return this.#deliver(batch.slice(middle));
    }
    const { rejections, maxConsecutive } = this.#options;
    this.#rejected += 1;
    const isPart = rejections.add(true);
    if (isPart || this.#rejected >= maxConsecutive) {
      const count = isPart
        ? `${rejections.rejected} of the last messages (deadLetters.maxRatio)`
        : `${this.#rejected} messages in a row`;
      throw new CdcError(
        "TOO_MANY_DEAD_LETTERS",
        `Segment refused ${count}, the last with ${reason}; the dead letters have what it said of those before; nothing from ${recordName(only.record)} on was given up: mend the cause and start again`,
      );
    }
    const error = new CdcError("REFUSED_BY_SEGMENT", `Segment rejects the message: ${reason}`, {
      details: body === "" ? undefined : body,
    });
    await this.#options.deadLetters.append([{ record: only.record, error, message: only.text }]);
    this.#options.counters.recordDeadLetter(error.code);
    this.#settle(batch);
  }

  /** What Segment took, and how long after its commit. */
  #count(batch: readonly OutgoingMessage[]): void {
    const { counters, clock } = this.#options;
    const now = clock.now();
    const nobodys = counters.sync("");
    let sum = 0;
    for (const { bytes, origin } of batch) {
      sum += bytes;
      const counts = origin?.counts ?? nobodys;
      counts.messages_delivered += 1;
      if (origin && origin.time > 0)
        counters.delivery.observe(Math.max(0, now - origin.time) / 1_000);
    }
    counters.add("bytes_delivered", sum);
  }

  #settle(batch: readonly OutgoingMessage[]): void {
    this.#settled += batch.length;
    for (const { bytes } of batch) this.#bytes -= bytes;
    const done = this.#watchers.filter(({ upTo }) => upTo <= this.#settled);
    this.#watchers = this.#watchers.filter(({ upTo }) => upTo > this.#settled);
    for (const { resolve } of done) resolve();
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
    this.#closing.abort();
    this.#waiting = [];
    for (const { reject } of this.#watchers.splice(0)) reject(this.#failure);
  }
}

type Rejected = Extract<ResponseAction, { kind: "rejected" }>;

function reasonOf(result: ResponseAction): string | null {
  if (result.kind === "delivered") return null;
  return result.kind === "stop" ? result.error.message : result.reason;
}
