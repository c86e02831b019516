import { existsSync, globSync, readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { isErrorCode } from "../../../src/lib/errors.ts";
import { Counters } from "../../../src/metrics/counters.ts";
import { PREFIX } from "../../../src/status/metrics.ts";
import { TASK_STATES } from "../../../src/task/task-status.ts";
import { cdcToSegment } from "../../support/command-line.ts";
import { isSeries, metricsIn } from "../../support/metric-names.ts";
import { admits, isValue, settingAt, settingsNamed, TOP } from "../../support/named-settings.ts";

/** What the texts for people quote of the program is there, under that name. */

const s = suite("the texts for people");

const ROOT = new URL("../../../", import.meta.url);
const TEXTS = ["README.md", "docs/operations/runbook.md", "deploy/prometheus/alerts.yaml"];

/** First words of names with dots that are those of rows, of Debezium's connectors and of Kafka's topics. */
const OF_OTHERS = new Set(
  [
    "add bigint binary capture cleanup decimal field io json lob message optional prefs provide replace row schema",
    "skipped snapshot source transaction unavailable vitess wrapper",
  ].flatMap((words) => words.split(" ")),
);

/** Names that stand among settings and are those of fields of log lines. */
const LOG_FIELDS = new Set(["waitsFor"]);

/** Words in capitals in the place of a code that are none. */
const NO_CODES = ["NUMBER", "TOAST", "NODE_OPTIONS", "MALLOC_ARENA_MAX"];

const sources = globSync("src/**/*.ts", { cwd: ROOT.pathname })
  .map(read)
  .join("\n")
  .replace(/["`] \+\s+["`]/g, "");

const healthCodes = all(
  /"([A-Z_]+)"/g,
  read("src/status/status.ts").split("type HealthCode =")[1]?.split(";")[0] ?? "",
);

for (const file of TEXTS) {
  s(`${file} should name codes of errors and of health that there are`, () => {
    const codes = all(
      /\b[A-Z]+(?:_[A-Z]+)+\b|(?<=`)[A-Z]{4,}(?=`)|(?<=\()[A-Z]{5,}(?=\))|(?<=ends with )[A-Z]{4,}\b/g,
      proseOf(file),
    ).filter((code) => !NO_CODES.includes(code));
    assert.ok(codes.length > 0);
    for (const code of codes)
      assert.ok(isErrorCode(code) || healthCodes.includes(code), `${code} is no code`);
  });

  s(`${file} should name settings that there are, with values that they may have`, () => {
    const text = proseOf(file);
    const found = [...text.matchAll(/`([a-z]\w*(?:\.\w+)*)(?:: ([^`\s]+))?`/g)];
    for (const [quoted, name = "", value] of found) {
      if (!/[.:]|[a-z][A-Z]/.test(quoted) || /\.(?:yaml|ndjson)$/.test(name)) continue;
      const [first = ""] = name.split(".");
      if (OF_OTHERS.has(first) || LOG_FIELDS.has(name)) continue;
      const settings = name.includes(".") ? settingAt(name) : settingsNamed(name);
      assert.ok(settings, `${quoted}: no such setting`);
      if (value !== undefined && !value.startsWith("/"))
        assert.ok(admits(settings, value), `${quoted}: no such value`);
    }
    // Some stand there without backticks.
    const bare = new RegExp(`(?<![\\w./-])(?:${TOP.join("|")})\\.\\w+\\b(?!/)`, "g");
    for (const name of all(bare, text))
      assert.ok(/\.(?:yaml|ndjson)$/.test(name) || settingAt(name), `${name}: no such setting`);
  });

  s(`${file} should name metrics that there are`, () => {
    for (const name of metricsIn(proseOf(file))) assert.ok(name === PREFIX || isSeries(name), name);
  });

  s(`${file} should lead to files, pictures and headings that there are`, () => {
    const text = proseOf(file);
    const links = all(/\]\(([^)\s]+)\)|^\[\w+\]: (\S+)$|\bsrc="([^"]+)"/gm, text);
    assert.ok(links.length > 0 || !file.endsWith(".md"));
    for (const link of links) {
      const [path = "", anchor] = link.split("#");
      const to = new URL(path, new URL(file, ROOT));
      assert.ok(existsSync(to), link);
      if (anchor !== undefined) assert.ok(anchorsOf(path === "" ? file : path).has(anchor), link);
    }
    // A link by its short name has to have one.
    for (const name of all(/\]\[(\w+)\]/g, text)) assert.ok(text.includes(`\n[${name}]: `), name);
    for (const path of all(/\b(?:config|src|test)\/[\w./-]*\w/g, text))
      assert.ok(existsSync(new URL(path, ROOT)), path);
  });
}

s("README.md should quote log lines as they are written", () => {
  const rows = sectionOf("README.md", "Failures and what happens").split("\n");
  const seen = rows.filter((row) => row.startsWith("| ")).map((row) => row.split(" | ")[1] ?? "");
  const lines = seen.flatMap((text) => all(/"([^"]+)"/g, text));
  assert.ok(lines.length > 15);
  for (const line of lines) assert.ok(sources.includes(line), `no log line says: ${line}`);
});

s(
  "README.md and docs/operations/runbook.md should name fields and lines of the log that there are",
  () => {
    for (const field of LOG_FIELDS) assert.ok(new RegExp(`\\b${field}\\b`).test(sources), field);
    const text = proseOf("docs/operations/runbook.md").replace(/\n +/g, " ");
    for (const line of all(/"([a-z][^"]{12,})"/g, text.replace(/`[^`]*`/g, "")))
      assert.ok(sources.includes(line), `no log line says: ${line}`);
  },
);

s("README.md should name metrics without what they all begin with", () => {
  const text = sectionOf("README.md", "Watching it").replace(/<!-- metrics -->[\s\S]*/, "");
  const names = all(/`([a-z]+(?:_[a-z]+)+)`/g, text);
  assert.ok(names.length > 3);
  for (const name of names) assert.ok(isSeries(PREFIX + name), name);
});

s(
  "docs/operations/runbook.md should name phases, verdicts, settings and commands that there are",
  async () => {
    const usage = (await cdcToSegment(["--help"])).stderr;
    const commands = all(/^ {2}cdc-to-segment (\w+)/gm, usage);
    const responseActions = Object.keys(new Counters().responses).map((word) =>
      word.replace(" ", "_"),
    );
    const known = new Set<string>([...commands, ...responseActions, ...TASK_STATES, ...LOG_FIELDS]);
    const words = all(/`([a-z]\w*)`/g, proseOf("docs/operations/runbook.md"));
    assert.ok(words.length > 10);
    for (const word of words)
      assert.ok(
        known.has(word) || isSeries(word) || settingsNamed(word) || isValue(word),
        `${word} is nothing`,
      );
  },
);

s("should name headings of each other, and of the page, that there are", () => {
  const ofPage = all(/<h2[^>]*>(.*?)<\/h2>/g, read("src/status/page/page.html"));
  const headings = [...TEXTS.flatMap(headingsOf), ...ofPage];
  for (const file of ["docs/operations/runbook.md", "deploy/prometheus/alerts.yaml"]) {
    const text = proseOf(file).replace(/\n +/g, " ").replaceAll('\\"', "“");
    const named = all(/(?:"([A-Z][\w ]+)"|“([A-Z][\w ]+)“)(?=[ :;,.\n])/g, text);
    assert.ok(named.length > 1, file);
    for (const name of named) assert.ok(headings.includes(name), `${file}: "${name}"`);
  }
});

s.run();

/** What is found, or what its groups find, each once. */
function all(pattern: RegExp, text: string): string[] {
  const found = [...text.matchAll(pattern)].map(([whole, ...groups]) => {
    const group = groups.find((one) => one !== undefined);
    return group ?? whole;
  });
  return [...new Set(found)];
}

/** Without the blocks that show what something else says. */
function proseOf(file: string): string {
  return read(file).replace(/```[\s\S]*?```/g, "");
}

function sectionOf(file: string, heading: string): string {
  const section = read(file).split(`\n## ${heading}\n`)[1]?.split("\n## ")[0];
  assert.ok(section, heading);
  return section;
}

function headingsOf(file: string): string[] {
  return file.endsWith(".md") ? all(/^#+ (.+)$/gm, proseOf(file)) : [];
}

/** As GitHub makes them of headings. */
function anchorsOf(file: string): Set<string> {
  const slug = (heading: string) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, "")
      .replaceAll(" ", "-");
  return new Set(headingsOf(file).map(slug));
}

function read(file: string): string {
  return readFileSync(new URL(file, ROOT), "utf8");
}
