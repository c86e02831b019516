import type { Settings } from "../config/settings.ts";

/** The topic for what was set aside under `run`. */
export function deadLetterTopic({ name, deadLetters }: Settings): string {
  return deadLetters.topic ?? `${name}.dead-letters`;
}
