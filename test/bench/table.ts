import { FORMAT_NAMES, type FormatId } from "./format.ts";
import type { Measured } from "./measure.ts";
import type { Stage } from "./stages.ts";

/** A peer and its rounds. */
export type Result = {
  readonly id: string;
  readonly name: string;
  readonly format: FormatId;
  readonly rounds: readonly Measured[];
};

const FORMATS = Object.keys(FORMAT_NAMES);
const CPU = "CPU s per 100,000 records";

/**
 * The peers over the schemaless feed side by side, the median of each one's rounds, as a Markdown table. Rates are held
 * against plain parsing: who parses a record at all cannot be faster.
 */
export function peerTable(results: readonly Result[]): string {
  return table(
    ["", "records/s", "of JSON.parse", "messages/s", CPU, "peak MB"],
    results
      .filter(({ format }) => format === "schemaless")
      .map((result) => [
        result.name,
        whole(medianOf(result, "records_s")),
        part(result, "parse", results),
        whole(medianOf(result, "messages_s")),
        medianOf(result, "cpu_s").toFixed(2),
        whole(medianOf(result, "peak_mb")),
      ]),
  );
}

/** Who was measured over several formats, held against ours over the schemaless one. */
export function formatTable(results: readonly Result[]): string {
  const several = results.filter(({ name }) =>
    results.some((other) => other.name === name && other.format !== "schemaless"),
  );
  return table(
    ["the same feed as", "", "records/s", "of run, schemaless", CPU, "peak MB"],
    several
      .toSorted((a, b) => FORMATS.indexOf(a.format) - FORMATS.indexOf(b.format))
      .map((result) => [
        FORMAT_NAMES[result.format],
        result.name,
        whole(medianOf(result, "records_s")),
        part(result, "run", results),
        medianOf(result, "cpu_s").toFixed(2),
        whole(medianOf(result, "peak_mb")),
      ]),
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

/** The rate as a part of the rate of the peer with the id `base`. */
function part(result: Result, base: string, results: readonly Result[]): string {
  const whole = results.find(({ id }) => id === base);
  if (!whole) return "-";
  return `${Math.round((medianOf(result, "records_s") / medianOf(whole, "records_s")) * 100)} %`;
}

/** All columns but the first, and a second one without a head, are numbers. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const rule = head.map((name, i) => (i === 0 || name === "" ? "---" : "---:"));
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
