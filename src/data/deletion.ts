import type { RowEvent, Tombstone } from "./event.ts";
import type { SourceRecord } from "./record.ts";

/** A removal that is not a record of the row itself. */
export function removal(of: Pick<RowEvent, "key" | "table" | "time" | "sourcePosition">): RowEvent {
  return {
    kind: "row",
    operation: "delete",
    row: null,
    unavailable: [],
    before: null,
    defaults: null,
    incremental: false,
    endsSnapshot: false,
    keyChange: null,
    isCommitTime: true,
    ...of,
  };
}

/** The removal by a tombstone that does not belong to a delete before it. */
export function deletionByTombstone(
  { key, sourcePosition, time, keyChange }: Tombstone,
  { topic, timestamp }: SourceRecord,
): RowEvent {
  const row = removal({ key, table: topic, time: time ?? timestamp, sourcePosition });
  return { ...row, isCommitTime: time !== null, keyChange };
}
