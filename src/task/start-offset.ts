import { partitionName, type TopicPartition } from "../data/record.ts";
import { CdcError } from "../lib/errors.ts";
import type { LogRange } from "../source/source.ts";
import type { TaskRecord } from "../state/checkpoint-record.ts";

/** Where a task begins: the next offset to process, and below which offset a new sync's rows were there before. */
export type StartOffset = {
  readonly next: number;
  readonly boundary: number;
  /** What the state holds is to be forgotten: it is built anew from the topic. */
  readonly rebuild: boolean;
  /** What is gone and was not processed, in words, where it is gone past; else `null`. */
  readonly dataLoss: string | null;
};

/**
 * Decides where a task begins. A gap is never skipped in silence: kafkajs by itself goes on elsewhere.
 * @param known what the task's store holds, `null` where it holds nothing
 * @param range the partition's log, `null` for a recorded file
 * @param topicIsKnown the pipeline has begun with this topic before: a partition without a state is a new one
 * @throws CdcError POSITION_LOST where records are gone that nobody has processed, unless `onDataLoss` is to continue or to rebuild
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
      `${partitionName(tp)}: ${dataLoss}. Set state.onDataLoss: continue to go on without them, or run with --rebuild to build the state anew from what the topic holds (a new snapshot by the connector, at best)`,
    );
  }
  if (known !== null && dataLoss === null) {
    return { next: known.next, boundary: range.end, rebuild: false, dataLoss };
  }
  // A partition that was added to the topic later was not there before the sync began: all of it counts.
  const isNew = known === null && dataLoss === null && topicIsKnown;
  const rebuild = dataLoss !== null && onDataLoss === "rebuild";
  return { next: range.start, boundary: isNew ? 0 : range.end, rebuild, dataLoss };
}

/** What is gone, in words, or `null`. */
function dataLossOf(known: TaskRecord | null, { start, end, committed }: LogRange): string | null {
  if (known === null) {
    if (committed === null || committed <= start) return null;
    return `its group has processed it up to offset ${committed}, and the state that belongs to it is neither on this machine nor in a changelog: what its rows were is lost`;
  }
  if (known.next < start) {
    return `offsets ${known.next} to ${start - 1} were not processed and are gone: the topic's retention passed them`;
  }
  if (known.next <= end) return null;
  return `the next record to process is ${known.next}, and its log ends at ${end}: the topic was made anew, or its log was cut`;
}
