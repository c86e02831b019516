import type { Result } from "./findings.ts";
import { FORMAT_NAMES } from "./format.ts";
import { type Goal, isMet } from "./goals.ts";
import type { Size } from "./growth.ts";
import type { Latency } from "./latency.ts";
import type { Measured } from "./measure.ts";
import { median } from "./median.ts";
import type { Group } from "./processes.ts";
import type { Profile } from "./profile.ts";
import type { Restore } from "./restore.ts";
import type { Stage } from "./stages.ts";

const FORMATS = Object.keys(FORMAT_NAMES);
const CPU = "CPU s per 100,000 records";

/**
 * The peers over the schemaless feed side by side, the median of each one's rounds, as a Markdown table. Rates are held
 * against plain parsing: who parses a record at all cannot be faster.
 */
export function peerTable(output: readonly Result[]): string {
  return table(
    ["", "records/s", "of JSON.parse", "messages/s", CPU, "peak MB"],
    output
      .filter(({ format }) => format === "schemaless")
      .map((result) => [
        result.name,
        whole(medianOf(result, "records_s")),
        part(result, "parse", output),
        whole(medianOf(result, "messages_s")),
        medianOf(result, "cpu_s").toFixed(2),
        whole(medianOf(result, "peak_mb")),
      ]),
  );
}

/** Who was measured over several formats, held against ours over the schemaless one. */
export function formatTable(output: readonly Result[]): string {
  const several = output.filter(({ name }) =>
    output.some((other) => other.name === name && other.format !== "schemaless"),
  );
  return table(
    ["format", "", "records/s", "of run, schemaless", CPU, "peak MB"],
    several
      .toSorted((a, b) => FORMATS.indexOf(a.format) - FORMATS.indexOf(b.format))
      .map((result) => [
        FORMAT_NAMES[result.format],
        result.name,
        whole(medianOf(result, "records_s")),
        part(result, "run", output),
        medianOf(result, "cpu_s").toFixed(2),
        whole(medianOf(result, "peak_mb")),
      ]),
  );
}

/** The stages of the pipeline, each alone on one core. */
export function stageTable(stages: readonly Stage[]): string {
  return table(
    ["stage", "records/s", "µs per record"],
    stages.map(({ name, seconds, records }) => [
      name,
      whole(records / seconds),
      ((seconds / records) * 1e6).toFixed(1),
    ]),
  );
}

/** Where the time goes of the thread that runs all JavaScript of `run`. */
export function profileTable({ parts }: Profile): string {
  const all = parts.reduce((sum, { us_a_record }) => sum + us_a_record, 0);
  return table(
    ["where", "µs per record", "share"],
    parts.map(({ where, us_a_record }) => [
      where,
      us_a_record.toFixed(1),
      `${Math.round((us_a_record / all) * 100)} %`,
    ]),
  );
}

/** What else is measured of `run`: a state made anew, and an even trickle. */
export function restoreTable({ records_s, rows_s, rows, cpu_s, peak_mb }: Restore): string {
  return table(
    [
      "restore",
      "first processing, records/s",
      "rows/s",
      "rows",
      "CPU s per 100,000 rows",
      "peak MB",
    ],
    [["", whole(records_s), whole(rows_s), whole(rows), cpu_s.toFixed(2), whole(peak_mb)]],
  );
}

export function latencyTable({ messages, median_ms, p99_ms, cpu_s, peak_mb }: Latency): string {
  return table(
    ["delay", "median ms", "p99 ms", "messages", CPU, "peak MB"],
    [["", `${median_ms}`, `${p99_ms}`, whole(messages), cpu_s.toFixed(2), whole(peak_mb)]],
  );
}

export function groupTable(groups: readonly Group[]): string {
  return table(
    ["processes", "records/s", CPU, "peak MB in total", "cores idle"],
    groups.map(({ processes, rounds, idle }) => [
      `${processes}`,
      whole(median(rounds.map(({ records_s }) => records_s))),
      median(rounds.map(({ cpu_s }) => cpu_s)).toFixed(2),
      whole(median(rounds.map(({ peak_mb }) => peak_mb))),
      `${Math.round(idle * 100)} %`,
    ]),
  );
}

/** Updates of a table that grows. */
export function growthTable(growth: readonly Size[]): string {
  return table(
    ["tasks", "keys", "records/s", "of 10,000 keys", CPU, "peak MB", "bytes per key on disk"],
    growth.map(({ tasks, keys, records_s, cpu_s, peak_mb, bytes_a_key }) => {
      const smallest = growth.find((size) => size.tasks === tasks) as Size;
      const of = `${Math.round((records_s / smallest.records_s) * 100)} %`;
      const figures = [whole(keys), whole(records_s), of, cpu_s.toFixed(2), whole(peak_mb)];
      return [`${tasks}`, ...figures, whole(bytes_a_key)];
    }),
  );
}

export function goalTable(goals: readonly Goal[]): string {
  return table(
    ["figure", "goal", "measured", ""],
    goals.map((goal) => [
      goal.what,
      `at ${goal.isMost ? "most" : "least"} ${short(goal.wanted)}`,
      short(goal.measured),
      isMet(goal) ? "met" : "missed",
    ]),
  );
}

/** The rate as a part of the rate of the peer with the id `base`. */
function part(result: Result, base: string, output: readonly Result[]): string {
  const whole = output.find(({ id }) => id === base);
  if (!whole) return "-";
  return `${Math.round((medianOf(result, "records_s") / medianOf(whole, "records_s")) * 100)} %`;
}

/** All columns but the first, and one without a head, are numbers. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const rule = head.map((name, i) => (i === 0 || name === "" ? "---" : "---:"));
  return [head, rule, ...rows].map((cells) => `| ${cells.join(" | ")} |\n`).join("");
}

function medianOf({ rounds }: Result, name: keyof Measured): number {
  return median(rounds.map((round) => round[name]));
}

function whole(number: number): string {
  return number === 0 ? "-" : Math.round(number).toLocaleString("en");
}

function short(number: number): string {
  return number >= 10 ? whole(number) : number.toFixed(2);
}
