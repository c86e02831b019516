import type { Peer } from "./ground.ts";
import type { Size } from "./growth.ts";
import type { Latency } from "./latency.ts";
import type { Measured } from "./measure.ts";
import type { Group } from "./processes.ts";
import type { Profile } from "./profile.ts";
import type { Restore } from "./restore.ts";
import type { Stage } from "./stages.ts";

/** A peer and its rounds. */
export type Result = Pick<Peer, "id" | "name" | "format"> & {
  readonly rounds: readonly Measured[];
};

/** What a run of the bench found; a part that was left out is empty. */
export type Findings = {
  readonly output: readonly Result[];
  readonly stages: readonly Stage[];
  readonly growth: readonly Size[];
  readonly groups: readonly Group[];
  readonly restore?: Restore;
  readonly latency?: Latency;
  readonly profile?: Profile;
};
