import { Counter, collectDefaultMetrics, Gauge, type Histogram, Registry } from "prom-client";
import type { Histogram as Counts } from "../metrics/histogram.ts";
import type { Metric } from "./metric.ts";
import { METRICS, PREFIX } from "./metrics.ts";
import type { Observed } from "./observed.ts";

/**
 * prom-client's registry with the pipeline's metrics and prom-client's default metrics. Each scrape reads the counts that
 * exist elsewhere; nothing is counted here.
 * @param observe called once per scrape
 */
export function metricsRegistry(observe: () => Promise<Observed>): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const read = shared(observe);
  for (const metric of METRICS) register(registry, metric, read);
  return registry;
}

function register(registry: Registry, metric: Metric, observe: () => Promise<Observed>): void {
  const { help, labels } = metric;
  const config = { name: PREFIX + metric.name, help, labelNames: [...labels] };
  const registers = [registry];
  switch (metric.type) {
    case "counter":
      new Counter({
        ...{ ...config, registers },
        async collect() {
          const samples = metric.read(await observe());
          this.reset();
          for (const { labels, value } of samples) this.inc(labels, value);
        },
      });
      break;
    case "gauge":
      new Gauge({
        ...{ ...config, registers },
        async collect() {
          const samples = metric.read(await observe());
          // `reset` drops the samples of revoked partitions, and sets a gauge without labels to 0, which is a value.
          this.reset();
          if (labels.length === 0) this.remove();
          for (const { labels, value } of samples) this.set(labels, value);
        },
      });
      break;
    case "histogram":
      registry.registerMetric(countedHistogram(config, async () => metric.read(await observe())));
  }
}

/**
 * A histogram of `metrics/` as a metric of the registry. prom-client's own class can only observe values, with a lookup of
 * its labels for each message. The registry needs just a name and `get`; the types ask for the whole class.
 */
function countedHistogram(
  { name, help }: { readonly name: string; readonly help: string },
  read: () => Promise<Counts>,
): Histogram {
  const get = async () => {
    const { buckets, sum, count } = await read();
    const values = [
      ...buckets.map(({ le, count }) => ({
        metricName: `${name}_bucket`,
        labels: { le: Number.isFinite(le) ? String(le) : "+Inf" },
        value: count,
      })),
      { metricName: `${name}_sum`, labels: {}, value: sum },
      { metricName: `${name}_count`, labels: {}, value: count },
    ];
    return { name, help, type: "histogram", values };
  };
  return { name, help, get } as unknown as Histogram;
}

/** All metrics of a scrape are collected at the same time: they wait for one call. */
function shared<T>(call: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | null = null;
  return () => {
    running ??= call().finally(() => {
      running = null;
    });
    return running;
  };
}
