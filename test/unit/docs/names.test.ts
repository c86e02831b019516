import { globSync, readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { isErrorCode } from "../../../src/lib/errors.ts";
import { PREFIX } from "../../../src/status/metrics.ts";
import { metricsPage } from "../../../src/status/metrics-table.ts";
import { isSeries, metricsIn } from "../../support/metric-names.ts";
import { admits, isValue, schemasOf, settingsNamed, TOP } from "../../support/named-settings.ts";
import { matches, PAGES, proseOf, readPage } from "../../support/pages.ts";

const s = suite("docs: names of settings, metrics, error codes and log lines");

const ROOT = new URL("../../../", import.meta.url).pathname;

/** Deployment files quote the same names. */
const TEXTS = [
  // The changelog names what earlier versions had.
  ...PAGES.filter((page) => page !== "CHANGELOG.md"),
  "deploy/prometheus/alerts.yaml",
  "deploy/kubernetes.yaml",
];

/** First words of dotted names that belong to Debezium, Kafka, Kubernetes, rows and source files. */
const FOREIGN = new Set(
  [
    "add bigint binary capture cleanup column decimal delete field io json lob max message optional prefs prometheus provide",
    "replace retention row saas schema skipped snapshot source transaction unavailable vitess wrapper",
  ].flatMap((words) => words.split(" ")),
);

/** Words in inline code that look like settings: columns, log fields and members of the status API. */
const OTHER_WORDS = new Set([
  ...[
    "emptyDir",
    "podManagementPolicy",
    "restartPolicy",
    "terminationGracePeriodSeconds",
    "waitsFor",
  ],
]);

/** Environment variables: those of Node.js and glibc, and those that settings read. */
const ENVIRONMENT = [
  ...["MALLOC_ARENA_MAX", "NODE_OPTIONS", "NODE_TLS_REJECT_UNAUTHORIZED"],
  ...globSync("{config,examples}/**/*.yaml", { cwd: ROOT }).flatMap((file) =>
    matches(/\$\{(\w+)/g, readPage(file)),
  ),
];

/** `${NAME}` in settings. */
const VARIABLE = /\$\{[^}]*\}/g;

/** Inline code that is, or may be, a setting with or without a value. */
const SETTING = /`([a-z]\w*(?:\.\w+)*)(?:: ([^`\s]+))?`/g;

const FILE = /\.(?:json|md|ndjson|so|ts|yaml)\b/;

/** Names that are no settings, in this text or in all. */
function isForeign(text: string, name: string): boolean {
  // Generated from the settings, whose sections its names leave out.
  if (text === "docs/reference/configuration.md") return true;
  if (text === "docs/reference/status-api.md" && !name.includes(".")) return true;
  return FOREIGN.has(name.split(".")[0] ?? "") || OTHER_WORDS.has(name);
}

const sources = globSync("src/**/*.ts", { cwd: ROOT })
  .map((file) => readFileSync(ROOT + file, "utf8"))
  .join("\n")
  .replace(/["`] \+\s+["`]/g, "");

const statusCodes = new Set(matches(/"([A-Z]+(?:_[A-Z]+)*)"/g, sources));

for (const text of TEXTS) {
  const prose = proseOf(text).replace(VARIABLE, "");

  s(`${text} should name error codes that exist`, () => {
    const codes = matches(/\b[A-Z]+(?:_[A-Z]+)+\b/g, prose);
    for (const code of codes.filter((code) => !ENVIRONMENT.includes(code)))
      assert.ok(isErrorCode(code) || statusCodes.has(code), `${text}: ${code}`);
  });

  s(`${text} should name settings that exist, with values that they accept`, () => {
    for (const [quoted, name = "", value] of prose.matchAll(SETTING)) {
      if (FILE.test(name) || isForeign(text, name)) continue;
      const settings = name.includes(".") ? schemasOf(name) : settingsNamed(name);
      if (settings === null && (isValue(name) || /^[a-z0-9_]+$/.test(name))) continue;
      assert.ok(settings, `${text}: ${quoted}`);
      if (value !== undefined && !/^["/[{]/.test(value))
        assert.ok(admits(settings, value), `${text}: ${quoted}`);
    }
    const unquoted = new RegExp(`(?<![\\w./-])(?:${TOP.join("|")})\\.[a-z]\\w*\\b(?!/)`, "g");
    for (const name of matches(unquoted, prose.replace(/`[^`]*`/g, "")))
      assert.ok(FILE.test(name) || schemasOf(name), `${text}: ${name}`);
  });

  s(`${text} should name metrics that exist`, () => {
    for (const name of metricsIn(prose))
      assert.ok(name === PREFIX || isSeries(name), `${text}: ${name}`);
    for (const name of matches(/\b(?:process|nodejs)_\w+/g, prose))
      assert.ok(metricsPage().includes(`| \`${name}\` |`), `${text}: ${name}`);
  });
}

for (const page of ["docs/troubleshooting.md", "docs/operations/runbook.md"])
  s(`${page} should quote log lines as they are written`, () => {
    const quoted = matches(/"([a-z][^"]{7,})"/g, proseOf(page));
    assert.ok(quoted.length > 0);
    for (const line of quoted)
      assert.ok(sources.includes(`"${line}`) || sources.includes(line), `${page}: "${line}"`);
  });

s("should find names in these texts", () => {
  assert.ok(metricsIn(readPage("docs/operations/monitoring.md")).length > 3);
});

s.run();
