import type { SourcePosition } from "../data/event.ts";

/**
 * A row on its way from its old primary key to its new one: the task of the delete gives it, the task of the create
 * takes it. Both tell of one change, so both have the same position.
 */
export type Handover = {
  /** The old and the new key, as canonical JSON. */
  readonly from: string;
  readonly to: string;
  readonly sourcePosition: SourcePosition | null;
  /** Commit time of the change, ms since 1970. */
  readonly time: number;
  /** The stored row as its codec writes it, or `null` where the old key was never seen. */
  readonly row: string | null;
  /** Names of the syncs by their numbers in `row`: each task numbers them for itself. */
  readonly syncs: readonly string[];
  /** When it was given, ms since 1970. */
  readonly handoverTime: number;
};

/** A handover as store and control topic hold it, as JSON. Its names are those of version 0.1 and differ from the code's. */
export type HandoverForm<H extends Handover = Handover> = Omit<
  H,
  "sourcePosition" | "handoverTime"
> & { readonly position: SourcePosition | null; readonly at: number };

export function toHandoverForm<H extends Handover>(handover: H): HandoverForm<H> {
  const { sourcePosition, handoverTime, ...rest } = handover;
  return { ...rest, position: sourcePosition, at: handoverTime };
}

export function fromHandoverForm<H extends Handover>(form: HandoverForm<H>): H {
  const { position, at: handoverTime, ...rest } = form;
  return { ...rest, sourcePosition: position, handoverTime } as unknown as H;
}
