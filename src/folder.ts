import { existsSync, mkdirSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { unwritable } from "./unwritable.ts";

/**
 * Makes a folder and those above it. Step by step, because Node's own recursive way never ends where the file system
 * says of a folder's parent, which is there, that it is not (`/proc`).
 * @throws CdcError STATE_UNWRITABLE
 */
export function makeFolder(path: string): void {
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
