import type { Findings } from "./findings.ts";
import { LARGEST, type Size } from "./growth.ts";
import { median } from "./median.ts";

/** What is wanted of one figure, and what it was. */
export type Goal = {
  readonly what: string;
  readonly wanted: number;
  /** Whether the wanted figure is the most that it may be; otherwise it is the least. */
  readonly isMost: boolean;
  readonly measured: number;
};

/** Each goal of which both sides were measured in this run. */
export function goalsOf(found: Findings): readonly Goal[] {
  return [
    ...peerGoals(found),
    ...growthGoals(found.growth),
    most("delay of a message, median, ms", 100, found.latency?.median_ms),
    most("delay of a message, p99, ms", 500, found.latency?.p99_ms),
    least("restore / first processing", 5, ratio(found.restore?.rows_s, found.restore?.records_s)),
    least("two processes / one", 1.6, ratio(rateOf(found, 2), rateOf(found, 1))),
  ].filter(({ measured }) => !Number.isNaN(measured));
}

export function isMet({ wanted, isMost, measured }: Goal): boolean {
  return isMost ? measured <= wanted : measured >= wanted;
}

function peerGoals({ output }: Findings): readonly Goal[] {
  const figure = (id: string, name: "records_s" | "cpu_s" | "peak_mb") => {
    const result = output.find((one) => one.id === id);
    return result && median(result.rounds.map((round) => round[name]));
  };
  const against = (a: string, b: string, name: "records_s" | "cpu_s" | "peak_mb" = "records_s") =>
    ratio(figure(a, name), figure(b, name));
  return [
    least("without changelog / script without state", 1, against("run-local", "send")),
    least("without changelog / consume + JSON.parse", 0.6, against("run-local", "parse")),
    most("CPU, without changelog / script", 1.5, against("run-local", "send", "cpu_s")),
    least("without changelog / Streams without", 1.5, against("run-local", "streams-local")),
    least("with changelog / Streams with it", 1.5, against("run", "streams")),
    most("memory / Streams', without", 1 / 3, against("run-local", "streams-local", "peak_mb")),
    most("memory / Streams', with changelog", 1 / 3, against("run", "streams", "peak_mb")),
    least("with changelog / without", 0.8, against("run", "run-local")),
    least("embedded schemas / schemaless", 0.8, against("run-embedded", "run")),
    least("Avro / schemaless", 0.8, against("run-avro", "run")),
  ];
}

function growthGoals(growth: readonly Size[]): readonly Goal[] {
  const largest = Math.max(...growth.map(({ keys }) => keys));
  const measured = (tasks: number, keys: number) =>
    growth.find((size) => size.tasks === tasks && size.keys === keys)?.records_s;
  const open = [...new Set(growth.map(({ tasks }) => tasks))];
  return [
    ...open.map((tasks) => {
      const what = `${largest.toLocaleString("en")} keys / 10,000, tasks open: ${tasks}${largest < LARGEST ? " (the goal is for 5,000,000)" : ""}`;
      return least(what, 0.7, ratio(measured(tasks, largest), measured(tasks, 10_000)));
    }),
    ...open.map((tasks) => {
      const peaks = growth.filter((size) => size.tasks === tasks).map(({ peak_mb }) => peak_mb);
      return most(`peak MB at any number of keys, tasks open: ${tasks}`, 512, Math.max(...peaks));
    }),
  ];
}

function rateOf({ groups }: Findings, processes: number): number | undefined {
  const group = groups.find((one) => one.processes === processes);
  return group && median(group.rounds.map(({ records_s }) => records_s));
}

function least(what: string, wanted: number, measured = Number.NaN): Goal {
  return { what, wanted, isMost: false, measured };
}

function most(what: string, wanted: number, measured = Number.NaN): Goal {
  return { what, wanted, isMost: true, measured };
}

/** Not a number where one of the two was not measured. */
function ratio(a = Number.NaN, b = Number.NaN): number {
  return a / b;
}
