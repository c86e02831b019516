import { CdcError, DetailedError, messageWithDetails } from "../../lib/errors.ts";
import { isObject, type JsonObject, shown } from "../value/json.ts";
import type { Envelope } from "./envelope.ts";
import { readDocument } from "./mongodb.ts";
import { updated } from "./mongodb-update.ts";

/**
 * The row after the change; `null` if there is none.
 * MongoDB's connector omits the document of an update unless it is configured to look it up. If the record has the previous
 * document, the update is applied to that.
 * @throws CdcError UNKNOWN_SHAPE
 */
export function imageAfter(envelope: Envelope): JsonObject | null {
  const { op, after, before, updateDescription } = envelope;
  const row = image(after);
  if (row !== null || op !== "u" || !isObject(updateDescription)) return row;
  const previous = image(before);
  if (previous === null) throw withoutDocument();
  return readable(updateDescription, () => updated(previous, updateDescription));
}

/** The row before the change, as far as the record has it. */
export function imageBefore({ before }: Envelope): JsonObject | null {
  return image(before);
}

/** MongoDB's documents are text. */
function image(raw: unknown): JsonObject | null {
  const row = typeof raw === "string" ? readable(raw, () => readDocument(raw)) : raw;
  return isObject(row) ? row : null;
}

function readable<T>(raw: unknown, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    const wrong = cause instanceof DetailedError ? `: ${cause.message}` : "";
    throw new CdcError("UNKNOWN_SHAPE", `the document cannot be read${wrong}`, {
      details: `${shown(raw)}: ${messageWithDetails(cause)}`,
      cause,
    });
  }
}

function withoutDocument(): CdcError {
  return new CdcError(
    "UNKNOWN_SHAPE",
    "the update has the changed fields but not the document: set the connector's " +
      "capture.mode=change_streams_update_full. If it is set, the document was deleted before the connector read it, and its " +
      "delete follows (change_streams_update_full_with_pre_image includes such documents)",
  );
}
