import { CdcError, messageOf } from "./errors.ts";

/** What a full disk, a quota or a missing right does to the state on it. */
export function unwritable(what: string, cause: unknown): CdcError {
  return new CdcError(
    "STATE_UNWRITABLE",
    `${what}: ${messageOf(cause)}. Make room there, or let this user write, and start again: ` +
      "nothing is lost, and what was delivered after the last checkpoint comes again under the same message ids",
    { cause },
  );
}
