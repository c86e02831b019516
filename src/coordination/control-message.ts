import type { SourcePosition } from "../data/event.ts";
import type { SourceRecord } from "../data/record.ts";
import { parseRecordedLine, recordedForm } from "../data/recorded-line.ts";
import { CdcError } from "../lib/errors.ts";
import type { HandOver } from "../state/handover.ts";

/** What the tasks of one topic tell each other; `partition` is the sender's. */
export type Letter = { readonly topic: string; readonly partition: number } & (
  | ({ readonly kind: "hand-over" } & HandOver)
  | ({ readonly kind: "taken" } & Pick<HandOver, "from" | "to" | "position">)
  | { readonly kind: "truncate"; readonly removal: Removal }
  /** The sender has removed what the truncate of this name asks for, durably. */
  | { readonly kind: "truncated"; readonly name: string }
  | { readonly kind: "snapshot-end"; readonly snapshot: string; readonly removal: Removal }
);

/** What removes many rows at once, wherever they are: the place of it in the database's log, and the record that told. */
export type Removal = {
  readonly table: string;
  /** Commit time in the database, ms since 1970. */
  readonly time: number;
  readonly position: SourcePosition | null;
  readonly record: SourceRecord;
  /** Its name in message ids. */
  readonly place: string;
  /** Syncs to which the record is one from before they began: what it removes is not sent. */
  readonly silent: readonly string[];
};

export function encodeLetter(letter: Letter): Buffer {
  if (!("removal" in letter)) return Buffer.from(JSON.stringify(letter));
  const { removal, ...rest } = letter;
  const record = recordedForm(removal.record);
  return Buffer.from(JSON.stringify({ ...rest, removal: { ...removal, record } }));
}

/**
 * @param place where it stands, to name it by: what it holds may be of a row
 * @throws CdcError CONTROL_UNREADABLE where it is none of ours
 */
export function decodeLetter(bytes: Buffer, place: string): Letter {
  try {
    const letter = JSON.parse(bytes.toString("utf8"));
    if (typeof letter.kind !== "string") throw new Error("it has no kind");
    if (letter.removal === undefined) return letter;
    const line = Buffer.from(JSON.stringify(letter.removal.record));
    const { line: _, ...record } = parseRecordedLine(line, 0);
    return { ...letter, removal: { ...letter.removal, record } };
  } catch (error) {
    throw new CdcError(
      "CONTROL_UNREADABLE",
      `${place} is an entry of the control log that this version does not understand: run the version that wrote it, or a later one`,
      { cause: error },
    );
  }
}
