import type { Settings } from "../config/settings.ts";
import type { DeadLetters } from "../dlq/dead-letters.ts";
import type { Counters } from "../metrics/counters.ts";
import { FileSource, type FileSourceOptions } from "../source/file-source.ts";
import type { Topology } from "../topology/topology.ts";

type RecordedInput = {
  readonly settings: Settings;
  readonly topology: Topology;
  readonly counters: Counters;
  readonly deadLetters: DeadLetters;
};

/** A recorded file as a source that counts skipped and unreadable lines; `more` has the options of a command. */
export function recordedInput(
  input: string,
  { settings, topology, counters, deadLetters }: RecordedInput,
  more: Partial<FileSourceOptions> = {},
): FileSource {
  return new FileSource({
    input,
    reads: (topic) => topology.get(topic) !== undefined,
    onUnreadable: async (record, error) => {
      counters.recordDeadLetter(error.code);
      await deadLetters.append([{ record, error }]);
    },
    unreadableInARow: settings.deadLetters.maxConsecutive,
    onOther: () => counters.add("other_records"),
    onOutOfOrder: () => counters.add("out_of_order"),
    ...more,
  });
}
