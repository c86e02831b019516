import type { SourceRecord } from "../data/record.ts";
import type { Usage } from "../metrics/usage.ts";
import type { MessageOrigin } from "./message-origin.ts";

/** A message to be delivered: its JSON text, its size in UTF-8 bytes, and its source record. */
export type OutgoingMessage = {
  readonly text: string;
  readonly bytes: number;
  readonly record: SourceRecord;
  /** Absent if the message was stored in a dead letter. */
  readonly origin?: MessageOrigin;
};

/** An ordered queue of messages: the delivery queue, or a replacement for it (`preview` prints them). */
export interface OutgoingQueue {
  /** Messages pushed so far: a checkpoint waits until as many have settled. */
  readonly pushed: number;
  /** Its size and limits; absent if it has no limits. */
  readonly usage?: {
    readonly delivery_queue_messages: Usage;
    readonly delivery_queue_bytes: Usage;
  };
  push(messages: readonly OutgoingMessage[]): void;
  /** Resolves when the queue is not full. */
  waitForSpace(): Promise<void>;
  /**
   * Resolves when the first `upTo` messages are delivered or dead-lettered. Rejects if the queue was closed before, or
   * met an error after which nothing can be delivered.
   */
  settled(upTo: number): Promise<void>;
  /** Drops undelivered messages; they are produced again from the stored offset. */
  close(): void;
}
