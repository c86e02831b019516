import type { SourceRecord } from "../data/record.ts";
import type { Usage } from "../metrics/usage.ts";
import type { Origin } from "./message-origin.ts";

/** A message on its way: its JSON text, its size in UTF-8 bytes, and the record it came from. */
export type LaneMessage = {
  readonly text: string;
  readonly bytes: number;
  readonly record: SourceRecord;
  /** Why it is sent; none where it is sent as it stood in a dead letter. */
  readonly origin?: Origin;
};

/** An ordered line of messages: the lane to Segment, or what stands for it (`preview` prints, tests look on). */
export interface OrderedLane {
  /** Messages pushed so far: a checkpoint waits until as many have settled. */
  readonly pushed: number;
  /** What it holds against its limits; none where it has no limits. */
  readonly fills?: { readonly lane_messages: Usage; readonly lane_bytes: Usage };
  push(messages: readonly LaneMessage[]): void;
  /** Resolves when the lane is not full. */
  room(): Promise<void>;
  /** Resolves when the first `upTo` messages are delivered or stand in the dead letters; rejects where they never will. */
  settled(upTo: number): Promise<void>;
  /** Gives up what is not delivered; it comes again from the position. */
  close(): void;
}
