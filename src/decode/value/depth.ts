import { DetailedError } from "../../lib/errors.ts";

/**
 * What handles values calls itself for what they hold, and some thousands of levels use up the stack of the process.
 * Databases take fewer: MongoDB and MySQL 100.
 */
const DEEPEST = 500;

/**
 * Refuses a value that is nested too deep.
 * @param most how many levels it could have by the length of what it was read from: most records need no look at all
 */
export function rejectDeep(value: unknown, most: number): void {
  if (most > DEEPEST && isDeeper(value, DEEPEST)) throw tooDeep();
}

function tooDeep(): Error {
  return new DetailedError(`it is nested more than ${DEEPEST} levels deep`);
}

/** For what calls itself while it reads: where that used up the stack, says so in our words. */
export function orTooDeep(error: unknown): unknown {
  return error instanceof RangeError && error.message.includes("call stack") ? tooDeep() : error;
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (levels === 0) return true;
  const items = Array.isArray(value) ? value : Object.values(value);
  return items.some((item) => isDeeper(item, levels - 1));
}
