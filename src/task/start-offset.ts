import { partitionName, type TopicPartition } from "../data/record.ts";
import { CdcError } from "../lib/errors.ts";
import type { LogRange } from "../source/source.ts";
import type { TaskRecord } from "../state/checkpoint-record.ts";

export type StartOffset = {
  /** The next offset to process. */
  readonly next: number;
  /** For a sync that starts now, rows below this offset are initial results. */
  readonly boundary: number;
  /** The stored state is cleared and rebuilt from the topic. */
  readonly rebuild: boolean;
  /** Describes lost records that the task continues without; `null` if none are lost. */
  readonly dataLoss: string | null;
};

/**
 * Decides where a task starts. Lost records are never skipped silently: kafkajs alone would continue at another offset.
 * @param known what the task's store holds, `null` if it is empty
 * @param range the partition's log, `null` for a recorded file
 * @param topicIsKnown the pipeline has started with this topic before, so a partition without state was added later
 * @throws CdcError POSITION_LOST if unprocessed records are lost, unless `onDataLoss` is `continue` or `rebuild`
 */
export function decideStartOffset(
  tp: TopicPartition,
  known: TaskRecord | null,
  range: LogRange | null,
  topicIsKnown: boolean,
  onDataLoss: "stop" | "continue" | "rebuild",
): StartOffset {
  if (range === null)
    return { next: known?.next ?? 0, boundary: 0, rebuild: false, dataLoss: null };
  const dataLoss = dataLossOf(known, range);
  if (dataLoss !== null && onDataLoss === "stop") {
    throw new CdcError(
      "POSITION_LOST",
      `${partitionName(tp)}: ${dataLoss}. Set state.onDataLoss: continue to go on without them, or run with --rebuild to rebuild the state from the records in the topic (best after a new snapshot by the connector)`,
    );
  }
  if (known !== null && dataLoss === null)
    return { next: known.next, boundary: range.end, rebuild: false, dataLoss };
  // A partition that was added to the topic later did not exist when the sync started: none of its rows are initial.
  const isNew = known === null && dataLoss === null && topicIsKnown;
  const rebuild = dataLoss !== null && onDataLoss === "rebuild";
  return { next: range.start, boundary: isNew ? 0 : range.end, rebuild, dataLoss };
}

function dataLossOf(known: TaskRecord | null, { start, end, committed }: LogRange): string | null {
  if (known === null) {
    if (committed === null || committed <= start) return null;
    return `the consumer group has processed it up to offset ${committed}, and its state is neither on this machine nor in a changelog, so its previous rows are lost`;
  }
  if (known.next < start)
    return `offsets ${known.next} to ${start - 1} were not processed and are deleted: they were older than the topic's retention`;
  if (known.next <= end) return null;
  return `the next offset to process is ${known.next} and its log ends at ${end}: the topic was recreated or truncated`;
}
