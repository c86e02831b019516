import { Counter, Gauge, type Metric as PromMetric, Registry } from "prom-client";
import type { Histogram } from "../metrics/histogram.ts";
import type { Metric } from "./metric.ts";
import { METRICS, PREFIX } from "./metrics.ts";
import type { Observed } from "./observed.ts";

/** The metrics as Prometheus reads them. Nothing is kept here: each scrape reads what is observed then. */
export class MetricsText {
  readonly #registry = new Registry();
  #observed: Observed | null = null;

  constructor(metrics: readonly Metric[] = METRICS) {
    for (const metric of metrics) this.#add(metric);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  of(observed: Observed): Promise<string> {
    this.#observed = observed;
    return this.#registry.metrics();
  }

  #add(metric: Metric): void {
    const name = PREFIX + metric.name;
    const { help, labels } = metric;
    const about = { name, help, labelNames: [...labels], registers: [this.#registry] };
    const seen = () => this.#observed as Observed;
    switch (metric.type) {
      case "counter":
        new Counter({
          ...about,
          collect() {
            this.reset();
            for (const sample of metric.read(seen())) this.inc(sample.labels, sample.value);
          },
        });
        break;
      case "gauge":
        new Gauge({
          ...about,
          collect() {
            // A partition that went leaves nothing behind, and what is not known is not 0.
            this.reset();
            if (labels.length === 0) this.remove();
            for (const sample of metric.read(seen())) this.set(sample.labels, sample.value);
          },
        });
        break;
      case "histogram": {
        // prom-client's own cannot be set, only observed: it would have to look at each value itself.
        const get = async () => histogramOf(name, help, metric.read(seen()));
        this.#registry.registerMetric({ name, help, get } as unknown as PromMetric);
      }
    }
  }
}

function histogramOf(name: string, help: string, { buckets, sum, count }: Histogram) {
  const bucket = ({ le, count }: (typeof buckets)[number]) => ({
    metricName: `${name}_bucket`,
    labels: { le: Number.isFinite(le) ? String(le) : "+Inf" },
    value: count,
  });
  const values = [
    ...buckets.map(bucket),
    { metricName: `${name}_sum`, labels: {}, value: sum },
    { metricName: `${name}_count`, labels: {}, value: count },
  ];
  return { name, help, type: "histogram", aggregator: "sum", values };
}
