import type { Histogram } from "../metrics/histogram.ts";
import type { Observed } from "./observed.ts";

export type Labels = { readonly [label: string]: string };
export type Sample = { readonly labels: Labels; readonly value: number };

/** A declared metric and how to read its samples from an observation. */
export type Metric = {
  /** Without the prefix. */
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
} & (
  | { readonly type: "counter" | "gauge"; readonly read: (observed: Observed) => Iterable<Sample> }
  | { readonly type: "histogram"; readonly read: (observed: Observed) => Histogram }
);

type Value = number | null;
type Read = (observed: Observed) => Value;
type LabelledRow = readonly [...labels: string[], value: Value];
type ReadRows = (observed: Observed) => Iterable<LabelledRow>;

export function counter(name: string, help: string, read: Read): Metric {
  return { ...{ type: "counter", name, help, labels: [] }, read: one(read) };
}

export function gauge(name: string, help: string, read: Read): Metric {
  return { ...{ type: "gauge", name, help, labels: [] }, read: one(read) };
}

export function labelledCounter(
  name: string,
  help: string,
  labels: readonly string[],
  read: ReadRows,
): Metric {
  return { ...{ type: "counter", name, help, labels }, read: many(labels, read) };
}

export function labelledGauge(
  name: string,
  help: string,
  labels: readonly string[],
  read: ReadRows,
): Metric {
  return { ...{ type: "gauge", name, help, labels }, read: many(labels, read) };
}

export function partitionGauge(
  name: string,
  help: string,
  read: (partition: Observed["partitions"][number]) => Value,
): Metric {
  return labelledGauge(name, help, ["topic", "partition"], ({ partitions }) =>
    partitions.map((partition) => [partition.topic, String(partition.partition), read(partition)]),
  );
}

export function histogram(
  name: string,
  help: string,
  read: (observed: Observed) => Histogram,
): Metric {
  return { type: "histogram", name, help, labels: [], read };
}

function one(read: Read): (observed: Observed) => Sample[] {
  return (observed) => known({}, read(observed));
}

function many(labels: readonly string[], read: ReadRows): (observed: Observed) => Iterable<Sample> {
  return function* (observed) {
    for (const row of read(observed)) {
      const entries = labels.map((label, i) => [label, String(row[i])]);
      yield* known(Object.fromEntries(entries), row[labels.length] as Value);
    }
  };
}

/** An unknown value has no sample: 0 would be a value. */
function known(labels: Labels, value: Value): Sample[] {
  return value === null ? [] : [{ labels, value }];
}
