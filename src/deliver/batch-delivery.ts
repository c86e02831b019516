import { recordName, type SourceRecord } from "../data/record.ts";
import type { DeadLetters } from "../dlq/dead-letters.ts";
import type { FailureRatio } from "../dlq/failure-ratio.ts";
import type { Clock } from "../lib/clock.ts";
import { CdcError } from "../lib/errors.ts";
import type { Logger } from "../lib/logger.ts";
import { backoff_ms } from "../lib/retry.ts";
import type { Counters, ResponseActionKind } from "../metrics/counters.ts";
import type { Destination } from "./destination.ts";
import type { OutgoingMessage } from "./outgoing.ts";
import type { RateLimiter } from "./rate-limiter.ts";
import { actionFor, bodyOf, type ResponseAction } from "./response.ts";

export type BatchDeliveryOptions = {
  readonly destination: Destination;
  readonly rateLimiter: RateLimiter;
  readonly deadLetters: DeadLetters;
  /** Of all delivery queues of the process: too high a ratio stops the pipeline. */
  readonly rejections: FailureRatio;
  /** So many rejected messages in a row stop the pipeline. */
  readonly maxConsecutive: number;
  readonly runtime: {
    readonly clock: Clock;
    readonly counters: Counters;
    readonly logger: Logger;
  };
  readonly observers?: readonly DeliveryObserver[];
};

/** Receives what the delivery queue does. No method may throw. */
export type DeliveryObserver = {
  pushed?(messages: readonly OutgoingMessage[]): void;
  /** Segment accepted the batch with this response. */
  delivered?(batch: readonly OutgoingMessage[], response: string): void;
  /** What the last response meant, and why if the batch was not accepted. */
  responded?(action: ResponseActionKind, reason: string | null): void;
};

type Batch = readonly OutgoingMessage[];

/**
 * Delivers batches, one at a time. A batch is retried until Segment accepts it. A batch that Segment rejects is halved
 * until the rejected message is alone; that one goes to the dead letter queue.
 */
export class BatchDelivery {
  readonly #options: BatchDeliveryOptions;
  /** Rejected messages since the last accepted batch. */
  #rejected = 0;

  constructor(options: BatchDeliveryOptions) {
    this.#options = options;
  }

  /**
   * @param onSettled called for each part of the batch that is delivered or dead-lettered
   * @throws CdcError if nothing can be delivered any more; the reason of the signal if it is aborted
   */
  async deliver(batch: Batch, signal: AbortSignal, onSettled: (part: Batch) => void) {
    const { rateLimiter, runtime, rejections } = this.#options;
    for (let attempt = 0; ; attempt += 1) {
      const action = await this.#send(batch, signal);
      switch (action.kind) {
        case "delivered":
          this.#rejected = 0;
          rejections.add(false, batch.length);
          return onSettled(batch);
        case "rejected":
          if (batch.length === 1) {
            await this.#reject(batch[0] as OutgoingMessage, action);
            return onSettled(batch);
          }
          for (const half of halves(batch)) await this.deliver(half, signal, onSettled);
          return;
        case "stop":
          throw action.error;
        case "throttled":
          rateLimiter.throttle(action.wait_ms ?? backoff_ms(attempt));
          break;
        case "retry":
          await runtime.clock.sleep(backoff_ms(attempt), signal);
          break;
      }
      const fields = { messages: batch.length, attempt, reason: action.reason };
      runtime.logger.warn({ ...offsetOf(batch), ...fields }, "batch failed; retrying");
    }
  }

  /** One request. */
  async #send(batch: Batch, signal: AbortSignal): Promise<ResponseAction> {
    const { destination, rateLimiter, runtime, observers = [] } = this.#options;
    await rateLimiter.ready(signal);
    signal.throwIfAborted();
    const response = await destination.send(
      batch.map(({ text }) => text),
      signal,
    );
    signal.throwIfAborted();
    const action = actionFor(response, runtime.clock.now());
    runtime.counters.responses[action.kind] += 1;
    const body = bodyOf(response);
    if (action.kind !== "delivered" && body !== "") runtime.logger.debug({ body }, "response body");
    for (const observer of observers) observer.responded?.(action.kind, reasonOf(action));
    if (action.kind === "delivered") {
      this.#count(batch);
      const text = "status" in response ? `HTTP ${response.status}` : "";
      for (const observer of observers) observer.delivered?.(batch, text);
    }
    return action;
  }

  /** @throws CdcError TOO_MANY_DEAD_LETTERS */
  async #reject({ record, text }: OutgoingMessage, { reason, body }: Rejected): Promise<void> {
    const { rejections, maxConsecutive, deadLetters, runtime } = this.#options;
    this.#rejected += 1;
    const isRatioReached = rejections.add(true);
    if (isRatioReached) throw this.#tooMany("deadLetters.maxRatio", record, reason);
    if (this.#rejected >= maxConsecutive)
      throw this.#tooMany("deadLetters.maxConsecutive", record, reason);
    const error = new CdcError("REFUSED_BY_SEGMENT", `Segment rejected the message: ${reason}`, {
      details: body === "" ? undefined : body,
    });
    await deadLetters.append([{ record, error, message: text }]);
    runtime.counters.recordDeadLetter(error.code);
  }

  #tooMany(
    limit: "deadLetters.maxConsecutive" | "deadLetters.maxRatio",
    record: SourceRecord,
    reason: string,
  ): CdcError {
    const count =
      limit === "deadLetters.maxRatio"
        ? `${this.#options.rejections.rejected} of the last messages`
        : `${this.#rejected} messages in a row`;
    return new CdcError(
      "TOO_MANY_DEAD_LETTERS",
      `Segment rejected ${count} (${limit}), the last with ${reason}. The dead letters have the responses to those before. ` +
        `Messages from ${recordName(record)} on are kept for the next start: fix the cause and restart`,
    );
  }

  /** Counts accepted messages, and the time from their commits in the database. */
  #count(batch: Batch): void {
    const { counters, clock } = this.#options.runtime;
    const now = clock.now();
    const withoutSync = counters.sync("");
    let sum = 0;
    for (const { bytes, origin } of batch) {
      sum += bytes;
      const counts = origin?.counts ?? withoutSync;
      counts.messages_delivered += 1;
      if (origin && origin.time > 0)
        counters.delivery.observe(Math.max(0, now - origin.time) / 1_000);
    }
    counters.add("bytes_delivered", sum);
  }
}

type Rejected = Extract<ResponseAction, { kind: "rejected" }>;

function halves(batch: Batch): readonly Batch[] {
  const middle = Math.ceil(batch.length / 2);
  return [batch.slice(0, middle), batch.slice(middle)];
}

function offsetOf(batch: Batch): object {
  const { topic, partition, offset } = (batch[0] as OutgoingMessage).record;
  return { topic, partition, offset };
}

function reasonOf(action: ResponseAction): string | null {
  if (action.kind === "delivered") return null;
  return action.kind === "stop" ? action.error.message : action.reason;
}
