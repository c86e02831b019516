import { resolve } from "node:path";
import { CdcError } from "../errors.ts";

/** @throws CdcError ARGUMENTS where dead letters would be written into what they are read from */
export function requireOther(deadLetters: string, input: string): void {
  if (resolve(deadLetters) !== resolve(input)) return;
  throw new CdcError(
    "ARGUMENTS",
    `the dead letters would be written into the input ${input}; name another file, or move this one first`,
  );
}
