import { failureKind } from "../../cel.ts";
import type { CdcError } from "../../errors.ts";
import { hidden } from "../../hidden.ts";

/** Why something goes to the dead letters; without the values that the reason may quote where they are not to be told. */
export function shownReason({ code, message, cause }: CdcError, showValues: boolean): string {
  if (showValues) return `${code}: ${message}`;
  if (code !== "FILTER_FAILED") return `${code}: ${hidden(message)}`;
  return `${code}: ${failureKind(cause)} (asked with values it says more)`;
}
