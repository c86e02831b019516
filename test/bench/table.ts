import type { Measured } from "./measure.ts";
import type { Stage } from "./stages.ts";

/** A peer and its rounds. */
export type Result = {
  readonly id: string;
  readonly name: string;
  readonly rounds: readonly Measured[];
};

/** Ratios are to this one: who parses a record at all cannot be faster. */
const BASE = "parse";

/** The peers side by side, the median of each one's rounds, as a Markdown table. */
export function peerTable(results: readonly Result[]): string {
  const base = results.find(({ id }) => id === BASE);
  return table(
    ["", "records/s", "of JSON.parse", "messages/s", "CPU s per 100,000 records", "peak MB"],
    results.map((result) => {
      const records_s = medianOf(result, "records_s");
      return [
        result.name,
        whole(records_s),
        base ? `${Math.round((records_s / medianOf(base, "records_s")) * 100)} %` : "-",
        whole(medianOf(result, "messages_s")),
        medianOf(result, "cpu_s").toFixed(2),
        whole(medianOf(result, "peak_mb")),
      ];
    }),
  );
}

/** The stages of the pipeline, each alone on one core. */
export function stageTable(stages: readonly Stage[]): string {
  return table(
    ["stage alone", "records/s", "µs a record"],
    stages.map(({ name, seconds, records }) => [
      name,
      whole(records / seconds),
      ((seconds / records) * 1e6).toFixed(1),
    ]),
  );
}

/** All columns but the first are numbers. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const rule = head.map((_, i) => (i === 0 ? "---" : "---:"));
  return [head, rule, ...rows].map((cells) => `| ${cells.join(" | ")} |\n`).join("");
}

function medianOf({ rounds }: Result, name: keyof Measured): number {
  const sorted = rounds.map((round) => round[name]).toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}

function whole(number: number): string {
  return number === 0 ? "-" : Math.round(number).toLocaleString("en");
}
