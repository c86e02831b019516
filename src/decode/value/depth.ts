import { DetailedError } from "../../lib/errors.ts";

/**
 * Values are processed recursively, and some thousands of levels overflow the stack. Databases allow fewer: MongoDB and
 * MySQL 100.
 */
const DEEPEST = 500;

/**
 * Rejects a value that is nested too deep.
 * @param most the number of levels that its encoded length allows; most records are too short to be checked
 */
export function rejectDeep(value: unknown, most: number): void {
  if (most > DEEPEST && isDeeper(value, DEEPEST)) throw tooDeep();
}

function tooDeep(): Error {
  return new DetailedError(`it is nested more than ${DEEPEST} levels deep`);
}

/** The same error for a recursive parser that overflowed the stack. */
export function orTooDeep(error: unknown): unknown {
  return error instanceof RangeError && error.message.includes("call stack") ? tooDeep() : error;
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (levels === 0) return true;
  const items = Array.isArray(value) ? value : Object.values(value);
  return items.some((item) => isDeeper(item, levels - 1));
}
