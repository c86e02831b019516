import { CdcError } from "../errors.ts";

/** 2 where the configuration or the arguments are wrong, and nothing was read; 1 for every other error. */
export function exitCodeOf(error: unknown): 1 | 2 {
  return error instanceof CdcError && error.next === "usage" ? 2 : 1;
}
