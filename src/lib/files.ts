import { existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { CdcError, messageOf } from "./errors.ts";

/**
 * Makes a folder and those above it. Step by step, because Node's own recursive way never ends where the file system
 * says of a folder's parent, which is there, that it is not (`/proc`).
 * @throws CdcError STATE_UNWRITABLE
 */
export function makeDirectory(path: string): void {
  const missing: string[] = [];
  for (let at = resolve(path); !existsSync(at); at = dirname(at)) missing.unshift(at);
  for (const at of missing) {
    try {
      mkdirSync(at);
    } catch (error) {
      // Another task or process was faster.
      if ((error as NodeJS.ErrnoException).code === "EEXIST") continue;
      throw unwritable(`the folder ${path} cannot be made`, error);
    }
  }
}

/** What a full disk, a quota or a missing right does to the state on it. */
export function unwritable(what: string, cause: unknown): CdcError {
  return new CdcError(
    "STATE_UNWRITABLE",
    `${what}: ${messageOf(cause)}. Make room there, or let this user write, and start again: ` +
      "nothing is lost, and what was delivered after the last checkpoint comes again under the same message ids",
    { cause },
  );
}

/**
 * Writes a small file whole or not at all: a disk that is full leaves what was there before.
 * @throws CdcError STATE_UNWRITABLE
 */
export function writeFileAtomically(path: string, text: string): void {
  makeDirectory(dirname(path));
  try {
    writeFileSync(`${path}.new`, text);
    renameSync(`${path}.new`, path);
  } catch (error) {
    throw unwritable(`${path} cannot be written`, error);
  }
}
