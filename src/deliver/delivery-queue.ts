import type { Usage } from "../metrics/usage.ts";
import { batchSize, LIMITS } from "./batch.ts";
import { BatchDelivery, type BatchDeliveryOptions } from "./batch-delivery.ts";
import type { OutgoingMessage, OutgoingQueue } from "./outgoing.ts";

/** The queue is full at either of these; `room` waits until it is not. */
export type DeliveryLimits = { readonly messages: number; readonly bytes: number };

export type DeliveryQueueOptions = Omit<BatchDeliveryOptions, "maxConsecutive"> & {
  readonly limits: DeliveryLimits & {
    readonly linger_ms: number;
    readonly maxConsecutive: number;
  };
  /** Called with the error after which nothing can be delivered. */
  readonly onFailure: (error: unknown) => void;
};

/**
 * The ordered queue of messages of one task. One batch is in flight at a time, so Segment receives the messages of a row
 * in their order. A message leaves the queue when it is delivered or dead-lettered, never otherwise.
 */
export class DeliveryQueue implements OutgoingQueue {
  readonly #options: DeliveryQueueOptions;
  readonly #delivery: BatchDelivery;
  readonly #closing = new AbortController();
  #waiting: OutgoingMessage[] = [];
  #bytes = 0;
  #pushed = 0;
  #settled = 0;
  #running = false;
  #waiters: {
    readonly upTo: number;
    readonly resolve: () => void;
    readonly reject: (error: unknown) => void;
  }[] = [];
  #failure: unknown = null;

  constructor(options: DeliveryQueueOptions) {
    this.#options = options;
    const { maxConsecutive } = options.limits;
    this.#delivery = new BatchDelivery({ ...options, maxConsecutive });
  }

  get pushed(): number {
    return this.#pushed;
  }

  get isFull(): boolean {
    const { messages, bytes } = this.#options.limits;
    return this.#pushed - this.#settled >= messages || this.#bytes >= bytes;
  }

  get usage(): { readonly delivery_queue_messages: Usage; readonly delivery_queue_bytes: Usage } {
    const { messages, bytes } = this.#options.limits;
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
    for (const observer of this.#options.observers ?? []) observer.pushed?.(messages);
    if (!this.#running && this.#waiting.length > 0) void this.#run();
  }

  settled(upTo: number): Promise<void> {
    if (this.#settled >= upTo) return Promise.resolve();
    if (this.#failure !== null) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => this.#waiters.push({ upTo, resolve, reject }));
  }

  async waitForSpace(): Promise<void> {
    while (this.isFull) await this.settled(this.#settled + 1);
  }

  close(): void {
    this.#fail(new Error("the delivery queue was closed"));
  }

  async #run(): Promise<void> {
    this.#running = true;
    try {
      while (this.#waiting.length > 0 && this.#failure === null) {
        await this.#linger();
        const batch = this.#waiting.splice(0, batchSize(this.#waiting));
        await this.#delivery.deliver(batch, this.#closing.signal, (part) => this.#settle(part));
      }
    } catch (error) {
      if (!this.#closing.signal.aborted) this.#options.onFailure(error);
      this.#fail(error);
    }
    this.#running = false;
  }

  /** A batch that is not full waits a little for more messages. */
  async #linger(): Promise<void> {
    const { limits, runtime } = this.#options;
    const full = this.#bytes >= LIMITS.batch_bytes || this.#waiting.length >= LIMITS.batch_messages;
    if (limits.linger_ms > 0 && !full)
      await runtime.clock.sleep(limits.linger_ms, this.#closing.signal);
  }

  #settle(batch: readonly OutgoingMessage[]): void {
    this.#settled += batch.length;
    for (const { bytes } of batch) this.#bytes -= bytes;
    const done = this.#waiters.filter(({ upTo }) => upTo <= this.#settled);
    this.#waiters = this.#waiters.filter(({ upTo }) => upTo > this.#settled);
    for (const { resolve } of done) resolve();
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
    this.#closing.abort();
    this.#waiting = [];
    for (const { reject } of this.#waiters.splice(0)) reject(this.#failure);
  }
}
