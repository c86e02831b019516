import type { SourcePosition } from "../data/event.ts";

/**
 * A row that moves from its old primary key to its new one. The task of the delete sends it to the task of the create.
 * Both records belong to one change and have the same source position.
 */
export type Handover = {
  /** The old and the new key, as canonical JSON. */
  readonly from: string;
  readonly to: string;
  readonly sourcePosition: SourcePosition | null;
  /** Commit time of the change, ms since 1970. */
  readonly time: number;
  /** The stored row as text; `null` if the old key was never seen. */
  readonly row: string | null;
  /** Sync names, indexed by the sync numbers in `row`: they differ between tasks. */
  readonly syncs: readonly string[];
  /** When it was sent, ms since 1970. */
  readonly handoverTime: number;
};

/** A handover as JSON in store and control topic. The names are those of version 0.1 and differ from the code's. */
export type HandoverForm = Omit<Handover, "sourcePosition" | "handoverTime"> & {
  readonly position: SourcePosition | null;
  readonly at: number;
};

export function toHandoverForm(handover: Handover): HandoverForm {
  const { from, to, sourcePosition, time, row, syncs, handoverTime } = handover;
  return { from, to, position: sourcePosition, time, row, syncs, at: handoverTime };
}

export function fromHandoverForm(form: HandoverForm): Handover {
  const { from, to, position, time, row, syncs, at: handoverTime } = form;
  return { from, to, sourcePosition: position, time, row, syncs, handoverTime };
}
