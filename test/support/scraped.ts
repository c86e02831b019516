import { PREFIX } from "../../src/status/metrics.ts";

type Labels = { readonly [label: string]: string };

/** The samples of a scrape, read from Prometheus' text format. */
export class Scraped {
  readonly #samples: readonly { readonly name: string; readonly labels: Labels; value: number }[];

  constructor(text: string) {
    this.#samples = text.split("\n").flatMap((line) => {
      const [, name = "", labels = "", value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
      if (name === "") return [];
      const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)];
      const read = pairs.map(([, label, text]) => [label, text]);
      return [{ name, labels: Object.fromEntries(read), value: Number(value) }];
    });
  }

  /** @throws unless exactly one sample has these labels */
  get = (name: string, labels: Labels = {}): number => {
    const wanted = JSON.stringify(Object.entries(labels).toSorted());
    const found = this.#of(name).filter(
      (sample) => JSON.stringify(Object.entries(sample.labels).toSorted()) === wanted,
    );
    const [only] = found;
    if (found.length !== 1 || !only)
      throw new Error(`${found.length} samples of ${name} ${wanted}`);
    return only.value;
  };

  sum(name: string): number {
    return this.#of(name).reduce((sum, { value }) => sum + value, 0);
  }

  #of(name: string) {
    return this.#samples.filter((sample) => sample.name === PREFIX + name);
  }
}
