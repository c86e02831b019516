import { METRICS, PREFIX } from "../../src/status/metrics.ts";

/** What Prometheus adds to every series. */
const ADDED = ["job", "instance"];

/** The series that a process has, by their whole names, and the labels of each. */
const SERIES: ReadonlyMap<string, readonly string[]> = new Map(
  METRICS.flatMap(({ name, type, labels }) => {
    const of = (suffix: string, ...more: string[]) =>
      [PREFIX + name + suffix, [...labels, ...more, ...ADDED]] as const;
    return type === "histogram" ? [of("_bucket", "le"), of("_sum"), of("_count")] : [of("")];
  }),
);

/** Words of PromQL that may stand before a bracket or between two series. */
const WORDS = new Set(
  [
    "absent by changes count deriv group_left histogram_quantile increase max min min_over_time sum rate time vector",
    "and offset on or unless",
  ].flatMap((words) => words.split(" ")),
);

/** The metrics of ours that a text names. */
export function metricsIn(text: string): string[] {
  return [...text.matchAll(new RegExp(`${PREFIX}\\w*`, "g"))].map(([name]) => name);
}

/** What a query names that is not there: series, and labels that a series it names lacks. */
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
    .replace(/\b(?:by|on|group_left)\s*\(([^)]*)\)/g, (_, names: string) => {
      for (const name of names.split(/[\s,]+/)) if (name !== "") grouped.add(name);
      return " ";
    })
    .replace(/\[[^\]]*\]|\b\d+[smhd]\b/g, "");
  const names = [...unlabelled.matchAll(/\b[a-z_]\w*/gi)]
    .map(([name]) => name)
    .filter((name) => !WORDS.has(name));
  for (const name of names) if (labelsOf(name) === undefined) found.push(name);
  for (const label of grouped)
    if (!names.some((name) => labelsOf(name)?.includes(label))) found.push(`by (${label})`);
  return found;
}

export function isSeries(name: string): boolean {
  return SERIES.has(name);
}
