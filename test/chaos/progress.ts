import type { MockSegment, ReceivedMessage } from "../../src/cli/demo/mock-segment.ts";
import { PARTITIONS } from "./settings.ts";

const EVERY_MS = 100;

type DeliveryQueue = {
  /** Times of the changes of the messages expected, ascending. */
  readonly times: readonly number[];
  accepted: number;
  stalled_ms: number;
};

/** Stalls that are reported: a killed process alone costs the session timeout. */
const LONG_MS = 10_000;

/**
 * Looks at each partition for how long nothing of it has arrived though something was due. Only time counts in which
 * the pipeline could have gone on: a process was alive, the broker and Segment were up.
 */
export class Progress {
  readonly #mockSegment: MockSegment;
  readonly #due: () => number;
  readonly #isUp: () => boolean;
  readonly #log: (text: string) => void;
  readonly #queues: readonly DeliveryQueue[];
  readonly #timer: NodeJS.Timeout;
  #seen = 0;
  #sampleTime = Date.now();
  #worst_ms = 0;

  /** @param due the time of the last change that is in the topic */
  constructor(
    expected: readonly ReceivedMessage[],
    mockSegment: MockSegment,
    due: () => number,
    isUp: () => boolean,
    log: (text: string) => void,
  ) {
    const times = Map.groupBy(expected, partitionOf);
    this.#queues = Array.from({ length: PARTITIONS }, (_, partition) => ({
      times: (times.get(partition) ?? [])
        .map(({ timestamp = "" }) => Date.parse(timestamp))
        .toSorted((a, b) => a - b),
      accepted: 0,
      stalled_ms: 0,
    }));
    this.#mockSegment = mockSegment;
    this.#due = due;
    this.#isUp = isUp;
    this.#log = log;
    this.#timer = setInterval(() => this.#sample(), EVERY_MS);
  }

  /** The longest time that a partition stood still. */
  get worst_ms(): number {
    return this.#worst_ms;
  }

  /** Messages of each partition that have arrived. */
  get accepted(): readonly number[] {
    return this.#queues.map(({ accepted }) => accepted);
  }

  /** Whether each partition has moved since, or has nothing left to do. */
  hasMovedSince(before: readonly number[]): boolean {
    return this.#queues.every(
      (queue, i) => queue.accepted > (before[i] ?? 0) || this.#left(queue) <= 0,
    );
  }

  get left(): number {
    return this.#queues.reduce((sum, queue) => sum + Math.max(0, this.#left(queue)), 0);
  }

  /** How long each partition has stood still, for a report. */
  get stalled(): string {
    return this.#queues
      .map((queue, i) => `${i}: ${this.#left(queue)} left, ${queue.stalled_ms} ms`)
      .join("; ");
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #left({ times, accepted }: DeliveryQueue): number {
    return countUpTo(times, this.#due()) - accepted;
  }

  #sample(): void {
    const moved = new Set<DeliveryQueue>();
    const { accepted } = this.#mockSegment;
    for (; this.#seen < accepted.length; this.#seen += 1) {
      const queue = this.#queues[partitionOf(accepted[this.#seen] as ReceivedMessage)];
      if (!queue) continue;
      queue.accepted += 1;
      moved.add(queue);
    }
    const now = Date.now();
    const passed = now - this.#sampleTime;
    this.#sampleTime = now;
    for (const [partition, queue] of this.#queues.entries()) {
      if (moved.has(queue) || this.#left(queue) <= 0) {
        const seconds = (queue.stalled_ms / 1_000).toFixed(1);
        if (queue.stalled_ms > LONG_MS)
          this.#log(`partition ${partition} stood still for ${seconds} s`);
        queue.stalled_ms = 0;
      } else if (this.#isUp()) queue.stalled_ms += passed;
      this.#worst_ms = Math.max(this.#worst_ms, queue.stalled_ms);
    }
  }
}

function partitionOf({ userId }: ReceivedMessage): number {
  return Number(userId) % PARTITIONS;
}

/** How many of the ascending values are not above `limit`. */
function countUpTo(values: readonly number[], limit: number): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((values[middle] as number) <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
