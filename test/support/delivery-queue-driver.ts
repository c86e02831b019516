import { DeliveryQueue, type DeliveryQueueOptions } from "../../src/deliver/delivery-queue.ts";
import type { OutgoingMessage } from "../../src/deliver/outgoing.ts";
import { RateLimiter } from "../../src/deliver/rate-limiter.ts";
import type { DeadLetter } from "../../src/dlq/dead-letters.ts";
import { FailureRatio } from "../../src/dlq/failure-ratio.ts";
import { type Logger, noopLogger } from "../../src/lib/logger.ts";
import { Counters } from "../../src/metrics/counters.ts";
import { recordOf } from "./debezium.ts";
import { FakeSegment } from "./fake-segment.ts";
import { VirtualClock } from "./virtual-clock.ts";

type Options = Partial<Omit<DeliveryQueueOptions, "runtime" | "limits">> & {
  readonly logger?: Logger;
  readonly limits?: Partial<DeliveryQueueOptions["limits"]>;
};

/** A delivery queue to a fake Segment on a virtual clock. */
export class DeliveryQueueDriver {
  readonly clock: VirtualClock;
  readonly segment = new FakeSegment();
  readonly counters = new Counters();
  readonly deadLetters: DeadLetter[] = [];
  readonly failures: unknown[] = [];
  readonly queue: DeliveryQueue;
  #offset = 0;

  constructor(options: Options = {}, clock = new VirtualClock()) {
    const { logger = noopLogger, limits, ...rest } = options;
    this.clock = clock;
    this.queue = new DeliveryQueue({
      destination: this.segment,
      rateLimiter: new RateLimiter(clock),
      deadLetters: { append: async (deadLetters) => void this.deadLetters.push(...deadLetters) },
      runtime: { clock, counters: this.counters, logger },
      limits: {
        ...{ messages: 10_000, bytes: 16_000_000, linger_ms: 0, maxConsecutive: 1_000 },
        ...limits,
      },
      rejections: new FailureRatio({ ratio: 1, window: 10_000 }),
      onFailure: (error) => this.failures.push(error),
      ...rest,
    });
  }

  /** Pushes a message for each of the ids. */
  push(...ids: readonly string[]): void {
    this.queue.push(ids.map((id) => this.message({ messageId: id })));
  }

  message(content: object): OutgoingMessage {
    const text = JSON.stringify(content);
    const record = recordOf({ value: "{}", offset: this.#offset++ });
    return { text, bytes: Buffer.byteLength(text), record };
  }

  /** The ids that Segment accepted, in the order of its responses. */
  get taken(): readonly string[] {
    return this.segment.taken.map(({ messageId }) => messageId);
  }

  /** The ids of each request. */
  get requests(): readonly (readonly string[])[] {
    return this.segment.requests.map((messages) => messages.map(({ messageId }) => messageId));
  }

  /** Whether the promise is settled now, and how. */
  async state(promise: Promise<unknown>): Promise<"resolved" | "rejected" | "pending"> {
    let state: "resolved" | "rejected" | "pending" = "pending";
    promise.then(
      () => {
        state = "resolved";
      },
      () => {
        state = "rejected";
      },
    );
    await this.clock.advance(0);
    return state;
  }
}
