import type { RowEvent } from "../data/event.ts";
import type { SourceRecord } from "../data/record.ts";
import type { RecordContext } from "./initial-result.ts";

/** A change of a row and the record that it came from. */
export type ChangeContext = {
  readonly event: RowEvent;
  readonly record: SourceRecord;
  readonly recordContext: RecordContext;
  /** Part of the message ids: the source position, else `partition/offset`. */
  readonly changeId: string;
};
