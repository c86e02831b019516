import { existsSync, globSync, readdirSync, readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parse } from "yaml";
import { schemasOf } from "../support/named-settings.ts";

/** The files that contributors and GitHub read. */

const s = suite("repository files");

const ROOT = new URL("../../", import.meta.url);
const FORMS = ".github/ISSUE_TEMPLATE";

const pages = [
  "CONTRIBUTING.md",
  "SECURITY.md",
  "CHANGELOG.md",
  ".github/PULL_REQUEST_TEMPLATE.md",
  ...globSync("examples/**/*.md", { cwd: ROOT.pathname }),
];

for (const page of pages)
  s(`${page} should name files and scripts that exist`, () => {
    const text = read(page);
    for (const link of all(/\]\(([^)\s#]+)[^)]*\)/g, text))
      if (!link.startsWith("https://"))
        assert.ok(existsSync(new URL(link, new URL(page, ROOT))), link);
    for (const path of all(/(?<=[`\s])(?:config|src|test)\/[\w./-]*\w/g, text))
      assert.ok(existsSync(new URL(path, ROOT)), path);
    const { scripts } = JSON.parse(read("package.json"));
    for (const script of all(/npm run ([\w:-]+)/g, text)) assert.ok(script in scripts, script);
  });

s("SECURITY.md should name settings that exist", () => {
  const names = all(/`((?:kafka|log|segment|state|status)\.[\w.]+)`/g, read("SECURITY.md"));
  assert.ok(names.length > 5);
  for (const name of names) assert.ok(schemasOf(name), name);
});

s("CHANGELOG.md should have a section for the version of the package", () => {
  const { version } = JSON.parse(read("package.json"));
  assert.ok(read("CHANGELOG.md").includes(`\n## [${version}] - `), version);
});

s("CHANGELOG.md should name its versions from the newest to the oldest", () => {
  const versions = all(
    /^## \[(\d+\.\d+\.\d+)\] - (?:\d{4}-\d\d-\d\d|Unreleased)$/gm,
    read("CHANGELOG.md"),
  );
  assert.is(versions.length, all(/^(## .*)$/gm, read("CHANGELOG.md")).length);
  const order = (a: string, b: string) => b.localeCompare(a, "en", { numeric: true });
  assert.equal(versions, versions.toSorted(order));
});

for (const file of readdirSync(new URL(FORMS, ROOT)).filter((name) => name !== "config.yml"))
  s(`${file} should be a form with names, labels and ids of its own`, () => {
    const { name, description, body } = parse(read(`${FORMS}/${file}`));
    assert.ok(name && description);
    const fields = body.filter(({ type }: { type: string }) => type !== "markdown");
    const ids = fields.map(({ id }: { id: string }) => id);
    assert.is(new Set(ids).size, fields.length);
    for (const { attributes } of fields) assert.ok(attributes.label);
    for (const path of all(/\.\.\/blob\/HEAD\/([^)]+)\)/g, read(`${FORMS}/${file}`)))
      assert.ok(existsSync(new URL(path, ROOT)), path);
  });

s("the workflow should check out and run what the project runs everywhere", () => {
  const { jobs } = parse(read(".github/workflows/ci.yml"));
  const [{ uses }, { run }] = jobs.test.steps;
  assert.match(uses, /^actions\/checkout@/);
  assert.is(run, "bash .ci/run");
  assert.ok(existsSync(new URL(".ci/run", ROOT)));
});

s.run();

function all(pattern: RegExp, text: string): string[] {
  return [...text.matchAll(pattern)].map(([match, group]) => group ?? match);
}

function read(file: string): string {
  return readFileSync(new URL(file, ROOT), "utf8");
}
