import { type CdcError, messageWithDetails } from "../lib/errors.ts";

/** The reason of a dead letter, with values of the row only if they are shown. */
export function shownReason(error: CdcError, showValues: boolean): string {
  return `${error.code}: ${showValues ? messageWithDetails(error) : error.message}`;
}
