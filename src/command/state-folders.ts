import { join } from "node:path";
import type { Settings } from "../config/settings.ts";

/** Folder of the service's stores. */
export function serviceState({ state, name }: Settings): string {
  return join(state.directory, name, "run");
}

/** What `replay` keeps of a pipeline: its dead letters, the input it read, and its stores. */
export function replayHome({ state, name }: Settings): string {
  return join(state.directory, name, "replay");
}

/** The file of what `replay` set aside. */
export function replayLetters(settings: Settings): string {
  return settings.deadLetters.file ?? join(replayHome(settings), "dead-letters.ndjson");
}

/** Folder of the stores of `replay`. */
export function replayState(settings: Settings): string {
  return join(replayHome(settings), "tasks");
}
