import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parse } from "yaml";
import { METRICS, PREFIX } from "../../../src/status/metrics.ts";
import { metricsIn, unknownIn } from "../../support/metric-names.ts";

const s = suite("deploy: alerts and dashboard");

/** Metrics of other exporters, with the labels that the queries use. */
const OTHERS = {
  up: ["job", "instance"],
  kubelet_volume_stats_available_bytes: ["persistentvolumeclaim"],
  kubelet_volume_stats_capacity_bytes: ["persistentvolumeclaim"],
};

type Rule = {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly toDo: string };
};
const { groups } = parse(read("deploy/prometheus/alerts.yaml")) as { groups: { rules: Rule[] }[] };
const rules = groups.flatMap(({ rules }) => rules);

type Panel = {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: {
    readonly x: number;
    readonly y: number;
    readonly w: number;
    readonly h: number;
  };
  readonly datasource?: { readonly uid: string };
  readonly targets?: readonly {
    readonly expr: string;
    readonly datasource: { readonly uid: string };
  }[];
};
const dashboard = JSON.parse(read("deploy/grafana/dashboard.json"));
const panels = dashboard.panels as Panel[];
const shown = panels.filter(({ type }) => type !== "row");

s("a query with an unknown name should be found", () => {
  const known = `sum by (topic) (rate(${PREFIX}checkpoint_seconds_bucket{le="1"}[5m])) or ${PREFIX}lag_records`;
  assert.equal(unknownIn(known), []);
  assert.equal(unknownIn(`${PREFIX}lag_minutes > 1`), [`${PREFIX}lag_minutes`]);
  assert.equal(unknownIn(`${PREFIX}checkpoint_seconds`), [`${PREFIX}checkpoint_seconds`]);
  assert.equal(unknownIn(`${PREFIX}live{topic="a"}`), [`${PREFIX}live{topic}`]);
  assert.equal(unknownIn(`sum by (sync) (${PREFIX}live)`), ["by (sync)"]);
  assert.equal(unknownIn("ups == 0", OTHERS), ["ups"]);
});

s("alerts should query existing metrics, and say what to do", () => {
  assert.ok(rules.length > 10);
  assert.is(new Set(rules.map(({ alert }) => alert)).size, rules.length);
  for (const { alert, expr, for: time, labels, annotations } of rules) {
    assert.equal(unknownIn(expr, OTHERS), [], alert);
    assert.match(alert, /^CdcToSegment[A-Z]\w+$/);
    assert.match(time, /^\d+m$/, alert);
    assert.match(labels.severity, /^(warning|critical)$/, alert);
    assert.ok(annotations.summary.length > 10 && annotations.toDo.length > 20, alert);
  }
});

s("an unbalanced bracket or quote should be found", () => {
  for (const whole of ["a", "sum(rate(a[5m]))", 'a{b="("} or (c)']) assert.ok(isBalanced(whole));
  for (const half of ["sum(a", "a)", "a[5m)", "(a]", 'a{b="c}'])
    assert.not.ok(isBalanced(half), half);
});

s("alert texts should use labels that the alerts have", () => {
  for (const { alert, expr, annotations } of rules) {
    assert.ok(isBalanced(expr), alert);
    const said = Object.values(annotations).join(" ");
    assert.ok(isBalanced(said.replaceAll("'", "")), alert);
    const named = [...said.matchAll(/\{\{ \$labels\.(\w+) \}\}/g)].map(([, label = ""]) => label);
    for (const label of named) assert.ok(hasLabel(expr, label), `${alert}: ${label}`);
    const values =
      said.match(/\{\{ \$value(?: \| humanize(?:Duration|Percentage|1024))? \}\}/g) ?? [];
    assert.is(said.split("{{").length - 1, named.length + values.length, alert);
  }
  const names = rules.map(({ alert }) => alert);
  for (const [name] of read("deploy/prometheus/alerts.yaml").matchAll(/\bCdcToSegment[A-Z]\w+/g))
    assert.ok(names.includes(name), name);
});

s("the dashboard should query existing metrics of one data source", () => {
  for (const { title, targets = [], datasource } of shown) {
    assert.ok(targets.length > 0, title);
    for (const { expr, datasource: of } of targets) {
      assert.equal(unknownIn(expr), [], `${title}: ${expr}`);
      assert.ok(
        expr.includes(`${PREFIX}info{pipeline=~"$pipeline"}`),
        `${title}: of all pipelines`,
      );
      assert.is(of.uid, "${datasource}");
    }
    if (datasource) assert.is(datasource.uid, "${datasource}");
  }
  const { list } = dashboard.templating as {
    list: { name: string; type: string; definition?: string }[];
  };
  assert.equal(
    list.map(({ name, type }) => [name, type]),
    [
      ["datasource", "datasource"],
      ["pipeline", "query"],
    ],
  );
  assert.is(list[1]?.definition, `label_values(${PREFIX}info, pipeline)`);
});

s("the dashboard should show every metric", () => {
  const named = new Set(metricsIn(JSON.stringify(shown)).map((name) => name.slice(PREFIX.length)));
  const missing = METRICS.filter(
    ({ name, type }) => !named.has(type === "histogram" ? `${name}_bucket` : name),
  );
  assert.equal(
    missing.map(({ name }) => name),
    [],
  );
});

s("the dashboard's panels should have descriptions, and not overlap", () => {
  assert.is(new Set(panels.map(({ id }) => id)).size, panels.length);
  const taken = new Set<string>();
  for (const { title, description, type, gridPos } of panels) {
    assert.ok(type === "row" || (description ?? "").length > 10, title);
    const { x: left, y: top, w, h } = gridPos;
    assert.ok(left + w <= 24, title);
    for (let x = left; x < left + w; x += 1)
      for (let y = top; y < top + h; y += 1) {
        assert.not.ok(taken.has(`${x},${y}`), `${title} overlaps another`);
        taken.add(`${x},${y}`);
      }
  }
});

s.run();

/** Whether the brackets outside of quotes, and the quotes, are balanced. */
function isBalanced(text: string): boolean {
  const open: string[] = [];
  const bare = text.replace(/"[^"]*"/g, "");
  for (const sign of bare) {
    if ("([{".includes(sign)) open.push(sign);
    const index = ")]}".indexOf(sign);
    if (index >= 0 && open.pop() !== "([{"[index]) return false;
  }
  return open.length === 0 && !bare.includes('"');
}

/** Whether the result of the expression has the label: it groups by it, or its first series has it. */
function hasLabel(expr: string, label: string): boolean {
  const grouped = /^\w+ by \(([^)]*)\)/.exec(expr)?.[1];
  if (grouped !== undefined) return grouped.split(/,\s*/).includes(label);
  const series = [...expr.matchAll(/[a-z_]\w*/g)].map(([name]) => name);
  const first = series.find((name) => unknownIn(name, OTHERS).length === 0 && name.includes("_"));
  return unknownIn(`${first ?? "up"}{${label}="a"}`, OTHERS).length === 0;
}

function read(file: string): string {
  return readFileSync(new URL(`../../../${file}`, import.meta.url), "utf8");
}
