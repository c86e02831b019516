import type { ChangeContext } from "../classify/change-context.ts";
import { removal } from "../data/deletion.ts";
import type { TopicPartition } from "../data/record.ts";
import type { StoredRow } from "../data/stored-row.ts";

/**
 * The context of a change that follows from a stored row and has no record of its own. It has the row's source position
 * and time, so that a repetition gives the same message ids.
 */
export function storedRowContext(
  { topic, partition }: TopicPartition,
  key: string,
  { offset, sourcePosition, time }: Pick<StoredRow, "offset" | "sourcePosition" | "time">,
): ChangeContext {
  const record = { topic, partition, offset, key: Buffer.from(key), value: null, headers: {} };
  return {
    event: removal({ key, table: topic, time, sourcePosition }),
    record: { ...record, timestamp: time },
    recordContext: { offset, streaming: true },
    changeId: sourcePosition ?? `${partition}/${offset}`,
  };
}
