import { collectDefaultMetrics, Registry } from "prom-client";
import { METRICS, PREFIX } from "../../src/status/metrics.ts";

/** Labels that Prometheus adds to every series. */
const TARGET_LABELS = ["job", "instance"];

/** Every series of a process by its full name, with its labels. */
const SERIES: ReadonlyMap<string, readonly string[]> = new Map([
  ...METRICS.flatMap(({ name, type, labels }) => {
    const of = (suffix: string, ...more: string[]) =>
      [PREFIX + name + suffix, [...labels, ...more, ...TARGET_LABELS]] as const;
    return type === "histogram" ? [of("_bucket", "le"), of("_sum"), of("_count")] : [of("")];
  }),
  ...defaultMetricNames().map((name) => [name, TARGET_LABELS] as const),
]);

/** The queries use default metrics without labels of their own. */
function defaultMetricNames(): readonly string[] {
  const register = new Registry();
  collectDefaultMetrics({ register });
  return register.getMetricsAsArray().map(({ name }) => name);
}

/** Functions and operators of PromQL. */
const KEYWORDS = new Set(
  [
    "absent by changes count deriv group_left histogram_quantile increase max min min_over_time sum rate time vector",
    "and ignoring offset on or unless",
  ].flatMap((words) => words.split(" ")),
);

/** Names of the pipeline's metrics in a text. */
export function metricsIn(text: string): string[] {
  return [...text.matchAll(new RegExp(`${PREFIX}\\w*`, "g"))].map(([name]) => name);
}

/** Series that a query names and that do not exist, and labels that its series do not have. */
export function unknownIn(query: string, others: Readonly<Record<string, readonly string[]>> = {}) {
  const labelsOf = (name: string) => SERIES.get(name) ?? others[name];
  const found: string[] = [];
  const bare = query.replace(/(\w+)\{([^}]*)\}/g, (_, name: string, matchers: string) => {
    for (const [, label = ""] of matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g))
      if (labelsOf(name)?.includes(label) === false) found.push(`${name}{${label}}`);
    return name;
  });
  const grouped = new Set<string>();
  const unlabelled = bare
    .replace(/"[^"]*"/g, "")
    .replace(/\b(?:by|on|ignoring|group_left)\s*\(([^)]*)\)/g, (_, names: string) => {
      for (const name of names.split(/[\s,]+/)) if (name !== "") grouped.add(name);
      return " ";
    })
    .replace(/\[[^\]]*\]|\b\d+[smhd]\b/g, "");
  const names = [...unlabelled.matchAll(/\b[a-z_]\w*/gi)]
    .map(([name]) => name)
    .filter((name) => !KEYWORDS.has(name));
  for (const name of names) if (labelsOf(name) === undefined) found.push(name);
  for (const label of grouped)
    if (!names.some((name) => labelsOf(name)?.includes(label))) found.push(`by (${label})`);
  return found;
}

export function isSeries(name: string): boolean {
  return SERIES.has(name);
}
