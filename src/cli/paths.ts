import { join, resolve } from "node:path";
import type { Settings } from "../config/settings.ts";
import { CdcError } from "../lib/errors.ts";

/** The directory of the service's stores. */
export function serviceState({ state, name }: Settings): string {
  return join(state.directory, name, "run");
}

/** The directory of a replay: its dead letters, the identity of its input, and its stores. */
export function replayHome({ state, name }: Settings): string {
  return join(state.directory, name, "replay");
}

/** The dead letter file of `replay`. */
export function replayDeadLetters(settings: Settings): string {
  return settings.deadLetters.file ?? join(replayHome(settings), "dead-letters.ndjson");
}

/** The directory of the stores of `replay`. */
export function replayState(settings: Settings): string {
  return join(replayHome(settings), "tasks");
}

/** @throws CdcError ARGUMENTS if dead letters would be written to the file they are read from */
export function requireOther(deadLetters: string, input: string): void {
  if (resolve(deadLetters) !== resolve(input)) return;
  throw new CdcError(
    "ARGUMENTS",
    `the dead letters would be written to the input ${input}; name another file, or move this one first`,
  );
}
