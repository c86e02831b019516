import { type CdcError, messageWithDetails } from "../lib/errors.ts";

/** Why something goes to the dead letters; row values only where they are asked for. */
export function shownReason(error: CdcError, showValues: boolean): string {
  return `${error.code}: ${showValues ? messageWithDetails(error) : error.message}`;
}
