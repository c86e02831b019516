import type { SourcePosition } from "../data/event.ts";
import type { SourceRecord } from "../data/record.ts";
import { parseRecordedLine, recordedForm } from "../data/recorded-line.ts";
import { CdcError } from "../lib/errors.ts";
import {
  fromHandoverForm,
  type Handover,
  type HandoverForm,
  toHandoverForm,
} from "../state/handover.ts";

/** What the tasks of one topic tell each other; `partition` is the sender's. */
export type ControlMessage = { readonly topic: string; readonly partition: number } & (
  | ({ readonly kind: "handover" } & Handover)
  | ({ readonly kind: "taken" } & Pick<Handover, "from" | "to" | "sourcePosition">)
  | { readonly kind: "truncate"; readonly removal: RemovalRequest }
  /** The sender has removed what the truncate of this name asks for, durably. */
  | { readonly kind: "truncated"; readonly name: string }
  | { readonly kind: "snapshot-end"; readonly snapshot: string; readonly removal: RemovalRequest }
);

/** What removes many rows at once, wherever they are: the place of it in the database's log, and the record that told. */
export type RemovalRequest = {
  readonly table: string;
  /** Commit time in the database, ms since 1970. */
  readonly time: number;
  readonly sourcePosition: SourcePosition | null;
  readonly record: SourceRecord;
  /** Its name in message ids. */
  readonly changeId: string;
  /** Syncs to which the record is one from before they began: what it removes is not sent. */
  readonly skippedSyncs: readonly string[];
};

/** The JSON names of version 0.1, which differ from the code's. */
type RemovalForm = {
  readonly table: string;
  readonly time: number;
  readonly position: SourcePosition | null;
  readonly record: object;
  readonly place: string;
  readonly silent: readonly string[];
};

export function encodeControlMessage(message: ControlMessage): Buffer {
  return Buffer.from(JSON.stringify(toForm(message)));
}

/**
 * @param name of the entry, for the error: the entry itself may hold values of a row
 * @throws CdcError CONTROL_UNREADABLE if this version cannot read the entry
 */
export function decodeControlMessage(bytes: Buffer, name: string): ControlMessage {
  try {
    return fromForm(JSON.parse(bytes.toString("utf8")));
  } catch (error) {
    throw new CdcError(
      "CONTROL_UNREADABLE",
      `${name} is an entry of the control log that this version does not understand: run the version that wrote it, or a later one`,
      { cause: error },
    );
  }
}

function toForm(message: ControlMessage): object {
  switch (message.kind) {
    case "handover":
      return { ...toHandoverForm(message), kind: "hand-over" };
    case "taken": {
      const { sourcePosition, ...rest } = message;
      return { ...rest, position: sourcePosition };
    }
    case "truncated":
      return message;
    default:
      return { ...message, removal: toRemovalForm(message.removal) };
  }
}

function fromForm(form: { readonly kind?: unknown } & { readonly [name: string]: unknown }) {
  if (typeof form.kind !== "string") throw new Error("it has no kind");
  if (form.kind === "hand-over")
    return {
      ...fromHandoverForm(form as unknown as HandoverForm),
      kind: "handover",
    } as ControlMessage;
  if (form.kind === "taken") {
    const { position, ...rest } = form;
    return { ...rest, sourcePosition: position } as unknown as ControlMessage;
  }
  if (form.removal === undefined) return form as unknown as ControlMessage;
  return {
    ...form,
    removal: fromRemovalForm(form.removal as RemovalForm),
  } as unknown as ControlMessage;
}

function toRemovalForm(removal: RemovalRequest): RemovalForm {
  const { table, time, sourcePosition, record, changeId, skippedSyncs } = removal;
  return {
    ...{ table, time, position: sourcePosition },
    record: recordedForm(record),
    ...{ place: changeId, silent: skippedSyncs },
  };
}

function fromRemovalForm(form: RemovalForm): RemovalRequest {
  const { table, time, position, record: recorded, place, silent } = form;
  const { line: _, ...record } = parseRecordedLine(Buffer.from(JSON.stringify(recorded)), 0);
  return { table, time, sourcePosition: position, record, changeId: place, skippedSyncs: silent };
}
