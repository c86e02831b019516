import type { StallDetector } from "../stack/watchdog.ts";
import type { Child } from "./child.ts";
import type { FeedMessages } from "./feed.ts";
import type { FormatId } from "./format.ts";
import type { Segment } from "./segment.ts";

/** What every peer works on. */
export type Ground = {
  readonly watchdog: StallDetector;
  readonly broker: string;
  readonly registryUrl: string;
  readonly segment: Segment;
  readonly recording: string;
  /** Class path of the program in `kafka-streams/`. */
  readonly streamsPath: string;
  readonly records: number;
  readonly keys: number;
  readonly messages: FeedMessages;
  /** Directory for CPU profiles of our own processes; without it no profiles are written. */
  readonly profiles?: string;
};

export type Peer = {
  readonly id: string;
  readonly name: string;
  readonly format: FormatId;
  readonly messages: (ground: Ground) => number;
  /** `run` is a name that no earlier run had. */
  readonly start: (ground: Ground, run: string) => Running;
};

/** A running peer: its processes, and the two moments between which it is measured. */
export type Running = {
  readonly children: readonly Child[];
  /** Its partitions are assigned and nothing is fetched yet. */
  readonly started: Promise<void>;
  /** Everything is done: seen, or where the peer sends, answered. */
  readonly ended: Promise<void>;
};
