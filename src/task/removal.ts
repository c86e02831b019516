import type { RowEvent, Tombstone } from "../event.ts";
import type { SourceRecord } from "../record.ts";

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
    ...of,
  };
}

/** A tombstone that belongs to no delete before it. */
export function removalByTombstone(
  { key, position, time, moved }: Tombstone,
  { topic, timestamp }: SourceRecord,
): RowEvent {
  return { ...removal({ key, table: topic, time: time ?? timestamp, position }), moved };
}
