import { existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { CdcError, messageOf } from "./errors.ts";

/**
 * Creates a directory and its parents, one by one: Node's recursive option never ends if the file system reports an
 * existing parent as missing, as `/proc` does.
 * @throws CdcError STATE_UNWRITABLE
 */
export function makeDirectory(path: string): void {
  const missing: string[] = [];
  for (let each = resolve(path); !existsSync(each); each = dirname(each)) missing.unshift(each);
  for (const each of missing) {
    try {
      mkdirSync(each);
    } catch (error) {
      // Another task or process has created it.
      if ((error as NodeJS.ErrnoException).code === "EEXIST") continue;
      throw unwritable(`the directory ${path} cannot be created`, error);
    }
  }
}

/** The error for state that cannot be written: a full disk, a quota, missing permissions. */
export function unwritable(what: string, cause: unknown): CdcError {
  return new CdcError(
    "STATE_UNWRITABLE",
    `${what}: ${messageOf(cause)}. Free disk space, or grant this user write access, and restart: ` +
      "nothing is lost, and messages delivered after the last checkpoint are sent again with the same message ids",
    { cause },
  );
}

/**
 * Writes a small file completely or not at all: if the disk is full, the previous file remains.
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
