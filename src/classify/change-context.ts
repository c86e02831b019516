import type { RowEvent } from "../data/event.ts";
import type { SourceRecord } from "../data/record.ts";
import type { RecordContext } from "./initial-result.ts";

/** What happened to a row, and the record that told it; `place` names it in message ids. */
export type ChangeContext = {
  readonly event: RowEvent;
  readonly record: SourceRecord;
  readonly recordContext: RecordContext;
  readonly changeId: string;
};
