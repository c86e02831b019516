import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { parseRecordedLine } from "../../data/recorded-line.ts";

/** Size and log ends of a recorded file. */
export type Feed = {
  readonly records: number;
  /** By topic and partition: the offset after the last record. */
  readonly ends: ReadonlyMap<string, ReadonlyMap<number, number>>;
};

export function readFeed(file: string): Feed {
  const lines = gunzipSync(readFileSync(file)).toString("utf8").trim().split("\n");
  const ends = new Map<string, Map<number, number>>();
  for (const [index, line] of lines.entries()) {
    const { topic, partition, offset } = parseRecordedLine(Buffer.from(line), index + 1);
    const partitions = ends.get(topic) ?? new Map<number, number>();
    ends.set(topic, partitions.set(partition, offset + 1));
  }
  return { records: lines.length, ends };
}
