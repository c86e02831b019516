import { join, resolve } from "node:path";
import type { Settings } from "../config/settings.ts";
import { CdcError } from "../lib/errors.ts";

/** Folder of the service's stores. */
export function serviceState({ state, name }: Settings): string {
  return join(state.directory, name, "run");
}

/** What `replay` keeps of a pipeline: its dead letters, the input it read, and its stores. */
export function replayHome({ state, name }: Settings): string {
  return join(state.directory, name, "replay");
}

/** The file of what `replay` set aside. */
export function replayDeadLetters(settings: Settings): string {
  return settings.deadLetters.file ?? join(replayHome(settings), "dead-letters.ndjson");
}

/** Folder of the stores of `replay`. */
export function replayState(settings: Settings): string {
  return join(replayHome(settings), "tasks");
}

/** @throws CdcError ARGUMENTS where dead letters would be written into what they are read from */
export function requireOther(deadLetters: string, input: string): void {
  if (resolve(deadLetters) !== resolve(input)) return;
  throw new CdcError(
    "ARGUMENTS",
    `the dead letters would be written into the input ${input}; name another file, or move this one first`,
  );
}
