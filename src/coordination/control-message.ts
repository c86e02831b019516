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

/** A message between the tasks of one topic. `partition` is the sender's. */
export type ControlMessage = { readonly topic: string; readonly partition: number } & (
  | ({ readonly kind: "handover" } & Handover)
  | ({ readonly kind: "taken" } & Pick<Handover, "from" | "to" | "sourcePosition">)
  | { readonly kind: "truncate"; readonly removal: RemovalRequest }
  /** The sender has durably removed the rows of the truncate with this record name. */
  | { readonly kind: "truncated"; readonly name: string }
  | { readonly kind: "snapshot-end"; readonly snapshot: string; readonly removal: RemovalRequest }
);

/** Removes many rows in all partitions: the source position of the change, and its record. */
export type RemovalRequest = {
  readonly table: string;
  /** Commit time in the database, ms since 1970. */
  readonly time: number;
  readonly sourcePosition: SourcePosition | null;
  readonly record: SourceRecord;
  /** Part of the ids of the messages about removed rows. */
  readonly changeId: string;
  /** Syncs that start after the record: removals are not sent for them. */
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
 * @param name of the entry, for the error: the entry itself may contain row values
 * @throws CdcError CONTROL_UNREADABLE if this version cannot read the entry
 */
export function decodeControlMessage(bytes: Buffer, name: string): ControlMessage {
  try {
    return fromForm(JSON.parse(bytes.toString("utf8")));
  } catch (error) {
    throw new CdcError(
      "CONTROL_UNREADABLE",
      `${name} is an entry of the control log that this version cannot read: run the version that wrote it, or a later one`,
      { cause: error },
    );
  }
}

function toForm(message: ControlMessage): object {
  const { kind, topic, partition } = message;
  switch (kind) {
    case "handover":
      return { kind: "hand-over", topic, partition, ...toHandoverForm(message) };
    case "taken": {
      const { from, to, sourcePosition } = message;
      return { kind, topic, partition, from, to, position: sourcePosition };
    }
    case "truncated":
      return message;
    default:
      return { ...message, removal: toRemovalForm(message.removal) };
  }
}

function fromForm(form: { readonly kind?: unknown } & { readonly [name: string]: unknown }) {
  if (typeof form.kind !== "string") throw new Error("it has no kind");
  const { topic, partition } = form;
  if (form.kind === "hand-over")
    return {
      ...{ kind: "handover", topic, partition },
      ...fromHandoverForm(form as unknown as HandoverForm),
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
