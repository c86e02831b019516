import { failureKind } from "../data/expression.ts";
import { redact } from "../data/redact.ts";
import type { CdcError } from "../lib/errors.ts";

/** Why something goes to the dead letters; without the values that the reason may quote where they are not to be told. */
export function shownReason({ code, message, cause }: CdcError, showValues: boolean): string {
  if (showValues) return `${code}: ${message}`;
  if (code !== "FILTER_FAILED") return `${code}: ${redact(message)}`;
  return `${code}: ${failureKind(cause)} (asked with values it says more)`;
}
