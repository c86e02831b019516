import { renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { makeFolder } from "./folder.ts";
import { unwritable } from "./unwritable.ts";

/**
 * Writes a small file whole or not at all: a disk that is full leaves what was there before.
 * @throws CdcError STATE_UNWRITABLE
 */
export function keepFile(path: string, text: string): void {
  makeFolder(dirname(path));
  try {
    writeFileSync(`${path}.new`, text);
    renameSync(`${path}.new`, path);
  } catch (error) {
    throw unwritable(`${path} cannot be written`, error);
  }
}
