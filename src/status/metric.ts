import type { Histogram } from "../metrics/histogram.ts";
import type { Observed } from "./observed.ts";

export type Labels = { readonly [label: string]: string };
export type Sample = { readonly labels: Labels; readonly value: number };

/** A metric: how it is called and what it means, and where its values stand when it is scraped. */
export type Metric = {
  /** Without the prefix. */
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
} & (
  | { readonly type: "counter" | "gauge"; readonly read: (observed: Observed) => Iterable<Sample> }
  | { readonly type: "histogram"; readonly read: (observed: Observed) => Histogram }
);

/** One without labels. */
export function single(
  type: "counter" | "gauge",
  name: string,
  help: string,
  read: (observed: Observed) => number | null,
): Metric {
  return { type, name, help, labels: [], read: (observed) => known([{}, read(observed)]) };
}

/** One with a value for each of several. */
export function each(
  type: "counter" | "gauge",
  name: string,
  help: string,
  labels: readonly string[],
  read: (observed: Observed) => Iterable<readonly [...values: string[], value: number | null]>,
): Metric {
  return {
    ...{ type, name, help, labels },
    *read(observed) {
      for (const row of read(observed)) {
        const entries = labels.map((label, i) => [label, String(row[i])]);
        yield* known([Object.fromEntries(entries), row[labels.length] as number | null]);
      }
    },
  };
}

/** One with a value for each partition. */
export function partitioned(
  name: string,
  help: string,
  read: (partition: Observed["partitions"][number]) => number | null,
): Metric {
  return each("gauge", name, help, ["topic", "partition"], ({ partitions }) =>
    partitions.map((partition) => [partition.topic, String(partition.partition), read(partition)]),
  );
}

/** What is not known has no sample: 0 would be a value. */
function known([labels, value]: readonly [Labels, number | null]): Sample[] {
  return value === null ? [] : [{ labels, value }];
}
