import { Lane, type LaneOptions } from "../../src/deliver/delivery-queue.ts";
import type { LaneMessage } from "../../src/deliver/outgoing.ts";
import { Gate } from "../../src/deliver/rate-limiter.ts";
import type { DeadLetter } from "../../src/dlq/dead-letters.ts";
import { RefusalRatio } from "../../src/dlq/failure-ratio.ts";
import { silent } from "../../src/lib/logger.ts";
import { Counters } from "../../src/metrics/counters.ts";
import { recordOf } from "./debezium.ts";
import { FakeSegment } from "./fake-segment.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** A lane to a fake Segment on a virtual clock. */
export class LaneDriver {
  readonly clock: VirtualClock;
  readonly segment = new FakeSegment();
  readonly counters = new Counters();
  readonly letters: DeadLetter[] = [];
  readonly failures: unknown[] = [];
  readonly lane: Lane;
  #offset = 0;

  constructor(options: Partial<LaneOptions> = {}, clock = new VirtualClock()) {
    this.clock = clock;
    this.lane = new Lane({
      destination: this.segment,
      gate: new Gate(clock),
      deadLetters: { append: async (letters) => void this.letters.push(...letters) },
      clock,
      counters: this.counters,
      logger: silent,
      linger_ms: 0,
      messages: 10_000,
      bytes: 16_000_000,
      refusedInARow: 1_000,
      refusals: new RefusalRatio({ ratio: 1, window: 10_000 }),
      onFailure: (error) => this.failures.push(error),
      ...options,
    });
  }

  /** Pushes a message for each of the ids. */
  push(...ids: readonly string[]): void {
    this.lane.push(ids.map((id) => this.message({ messageId: id })));
  }

  message(content: object): LaneMessage {
    const text = JSON.stringify(content);
    const record = recordOf({ value: "{}", offset: this.#offset++ });
    return { text, bytes: Buffer.byteLength(text), record };
  }

  /** The ids that Segment took, in the order of its answers. */
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
