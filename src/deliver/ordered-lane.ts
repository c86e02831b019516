import type { Fill } from "../telemetry/standing.ts";
import type { LaneMessage } from "./lane.ts";

/** An ordered line of messages: the lane to Segment, or what stands for it (`preview` prints, tests look on). */
export interface OrderedLane {
  /** Messages pushed so far: a checkpoint waits until as many have settled. */
  readonly pushed: number;
  /** What it holds against its limits; none where it has no limits. */
  readonly fills?: { readonly lane_messages: Fill; readonly lane_bytes: Fill };
  push(messages: readonly LaneMessage[]): void;
  /** Resolves when the lane is not full. */
  room(): Promise<void>;
  /** Resolves when the first `upTo` messages are delivered or stand in the dead letters; rejects where they never will. */
  settled(upTo: number): Promise<void>;
  /** Gives up what is not delivered; it comes again from the position. */
  close(): void;
}
