import type { SourceRecord } from "../data/record.ts";
import type { Usage } from "../metrics/usage.ts";
import type { MessageOrigin } from "./message-origin.ts";

/** A message on its way: its JSON text, its size in UTF-8 bytes, and the record it came from. */
export type OutgoingMessage = {
  readonly text: string;
  readonly bytes: number;
  readonly record: SourceRecord;
  /** Why it is sent; none where it is sent as it stood in a dead letter. */
  readonly origin?: MessageOrigin;
};

/** An ordered line of messages: the lane to Segment, or what stands for it (`preview` prints, tests look on). */
export interface OutgoingQueue {
  /** Messages pushed so far: a checkpoint waits until as many have settled. */
  readonly pushed: number;
  /** What it holds against its limits; none where it has no limits. */
  readonly usage?: {
    readonly delivery_queue_messages: Usage;
    readonly delivery_queue_bytes: Usage;
  };
  push(messages: readonly OutgoingMessage[]): void;
  /** Resolves when the lane is not full. */
  room(): Promise<void>;
  /** Resolves when the first `upTo` messages are delivered or stand in the dead letters; rejects where they never will. */
  settled(upTo: number): Promise<void>;
  /** Gives up what is not delivered; it comes again from the position. */
  close(): void;
}
