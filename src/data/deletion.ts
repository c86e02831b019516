import type { RowEvent, Tombstone } from "./event.ts";
import type { SourceRecord } from "./record.ts";

/** A removal that no record of the row itself tells of. */
export function removal(of: Pick<RowEvent, "key" | "table" | "time" | "position">): RowEvent {
  return {
    kind: "row",
    operation: "delete",
    row: null,
    unavailable: [],
    before: null,
    defaults: null,
    incremental: false,
    endsSnapshot: false,
    moved: null,
    isCommitTime: true,
    ...of,
  };
}

/** A tombstone that belongs to no delete before it. */
export function removalByTombstone(
  { key, position, time, moved }: Tombstone,
  { topic, timestamp }: SourceRecord,
): RowEvent {
  const row = removal({ key, table: topic, time: time ?? timestamp, position });
  return { ...row, isCommitTime: time !== null, moved };
}
