import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Child } from "./child.ts";
import type { FormatId } from "./format.ts";
import type { Ground } from "./ground.ts";
import { settingsText } from "./settings.ts";

/** What a process of ours needs of the bench. */
export type ServiceGround = Pick<Ground, "watchdog" | "broker" | "registryUrl" | "profiles"> & {
  readonly segment: { readonly url: string };
};

export type ServiceOptions = {
  /** The pipeline: who starts it once more finds its state. */
  readonly name: string;
  readonly format?: FormatId;
  /** Default: the format's own. */
  readonly topic?: string;
  readonly changelog?: boolean;
  /** A recorded file for `replay`; without one it is `run`. */
  readonly recording?: string;
  /** The work tree whose program it is. */
  readonly root?: string;
  /** Tells processes of one pipeline apart. */
  readonly instance?: string;
};

const ROOT = new URL("../..", import.meta.url).pathname;

/** Starts one of ours, as a user would. */
export function startService(ground: ServiceGround, of: ServiceOptions): Child {
  const { watchdog, broker, registryUrl, segment, profiles } = ground;
  const { name, format = "schemaless", topic, changelog = true, recording, root = ROOT } = of;
  const state = stateDirectory(ground, of);
  const config = `${state}.yaml`;
  const { url } = segment;
  const settings = { name, format, topic, broker, registryUrl, url, state, changelog };
  writeFileSync(config, settingsText(settings));
  const profiling = profiles ? ["--cpu-prof", `--cpu-prof-dir=${profiles}`] : [];
  const command = recording === undefined ? ["run"] : ["replay"];
  const input = recording === undefined ? [] : [recording];
  const program = join(root, "src/main.ts");
  return new Child(watchdog, [...profiling, program, ...command, "--config", config, ...input]);
}

/** Where it keeps its state. */
export function stateDirectory(
  { watchdog }: ServiceGround,
  { name, instance = "" }: ServiceOptions,
): string {
  return join(watchdog.directory, `${name}${instance}`);
}

/** Resolves when it has a partition, and nothing of it has been processed. */
export function firstTaken(child: Child): Promise<void> {
  return new Promise((resolve) => {
    child.lines.on("line", (line) => line.includes('"partition assigned"') && resolve());
  });
}
